#!/bin/bash
# SPDX-License-Identifier: MIT
# Fuzzes the model loader: tests/fuzz/run.sh [seconds, default 60]. Needs clang++ with libFuzzer, and OpenMM's headers:
# those of $OPENMM_DIR, else of the openmm package of python3. What it finds lands in tests/fuzz/findings, where
# TestFuzzCorpus replays it; commit it with the mend. The growing corpus stays in the build folder, $FUZZ_BUILD_DIR.
set -euo pipefail
seconds=${1:-60}
fuzz=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$fuzz/../.." && pwd)
build=${FUZZ_BUILD_DIR:-$root/.cache/fuzz}

if [[ -n ${OPENMM_DIR:-} ]]; then
    openmm_include=$OPENMM_DIR/include
else
    openmm_include=$(python3 -c 'import importlib.util as u, os
print(os.path.join(os.path.dirname(os.path.dirname(u.find_spec("openmm").origin)), "OpenMM.libs", "include"))')
fi

sources=()
for name in EnergyIntegral FileAccess FormatEmulation JsonFields ModelDocument ModelFile ModelTensors NamedTensor \
            NetworkEvaluator NumericFormat PairFunction PairFunctionImplementation PairNetwork SafeTensors SurrogateModel; do
    sources+=("$root/openmmapi/src/$name.cpp")
done
mkdir -p "$build/corpus"
clang++ -std=c++17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -isystem "$openmm_include" -isystem "$root/third_party" -I"$root/openmmapi/include" -I"$root/openmmapi/src" \
    "$fuzz/FuzzModelLoader.cpp" "$fuzz/FuzzTargets.cpp" "${sources[@]}" -o "$build/FuzzModelLoader"

# The memory limit is what makes a size that is believed without a check a finding.
exec "$build/FuzzModelLoader" "$build/corpus" "$fuzz/corpus" -dict="$fuzz/model.dict" -max_total_time="$seconds" \
    -max_len=8192 -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 -print_final_stats=1 -artifact_prefix="$fuzz/findings/"
