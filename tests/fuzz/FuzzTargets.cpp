// SPDX-License-Identifier: MIT
#include "FuzzTargets.h"
#include "openmmsurrogate/internal/ModelDocument.h"
#include "openmmsurrogate/internal/ModelFile.h"
#include "openmmsurrogate/internal/SafeTensors.h"
#include <openmm/OpenMMException.h>
#include <cstdio>
#include <cstdlib>

using namespace SurrogatePlugin;
using std::string;
using std::vector;

namespace {

/** Abort, which is what a fuzzer takes for a finding, if what was loaded cannot be saved and loaded again. */
void checkRoundTrip(const SurrogateModel& model) {
    try {
        const string bytes = ModelFile::encode(model);
        if (ModelFile::encode(ModelFile::decode(bytes.data(), bytes.size())) == bytes)
            return;
        std::fprintf(stderr, "a model differs after saving and loading\n");
    } catch (const OpenMM::OpenMMException& error) {
        std::fprintf(stderr, "a model was made that cannot be saved and loaded: %s\n", error.what());
    }
    std::abort();
}

template <class Maker>
bool tryMaking(Maker make) {
    try {
        checkRoundTrip(make());
        return true;
    } catch (const OpenMM::OpenMMException&) {
        return false;
    }
}

SurrogateModel makeWithRenewedChecksum(const string& metadata, const vector<NamedTensor>& tensors) {
    const ModelDocument document(metadata, tensors, "");
    return ModelDocument(metadata, tensors, document.computeChecksum()).createModel();
}

/** Two networks, one of them with everything that a network can have. */
vector<NamedTensor> makeTensors() {
    PairNetwork first({1, 2, 1}, {{1, 2}, {3, 4}}, {{0, 1}, {2}});
    first.setLayerQuantization(1, {{0.5f, 0.25f}, {0.5f}, {3}});
    first.setTrainingHistogram({1, 2});
    SurrogateModel model({"A"}, 1.0);
    model.addNetwork(first);
    model.addNetwork(PairNetwork({1, 1}, {{1}}, {{2}}));
    return ModelDocument(model).getTensors();
}

bool tryMetadata(const string& metadata) {
    static const vector<NamedTensor> tensors = makeTensors();
    return tryMaking([&] { return makeWithRenewedChecksum(metadata, tensors); });
}

bool tryFile(const string& bytes) {
    const bool made = tryMaking([&] { return ModelFile::decode(bytes.data(), bytes.size()); });
    return tryMaking([&] {
               const SafeTensors content = SafeTensors::decode(bytes.data(), bytes.size());
               const auto found = content.metadata.find("openmm-surrogate");
               return makeWithRenewedChecksum(found == content.metadata.end() ? "" : found->second, content.tensors);
           }) ||
           made;
}

} // namespace

bool SurrogateTest::tryInput(const string& bytes) {
    return !bytes.empty() && bytes[0] == '{' ? tryMetadata(bytes) : tryFile(bytes);
}
