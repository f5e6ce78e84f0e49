// SPDX-License-Identifier: MIT
#include "StateDictArchive.h"
#include "Pickle.h"
#include "TensorConversion.h"
#include <openmm/OpenMMException.h>
#include <caffe2/serialize/inline_container.h>
#include <map>
#include <sstream>

using namespace SurrogatePlugin;
using caffe2::serialize::PyTorchStreamReader;
using std::string;
using std::vector;

namespace {

[[noreturn]] void fail(const string& message) {
    throw OpenMM::OpenMMException(message);
}

string readRecord(PyTorchStreamReader& archive, const string& name) {
    const auto [data, size] = archive.getRecord(name);
    return string((const char*) data.get(), size);
}

/** Get one of a tuple's items, which must be of a kind. */
const PickleValue& getItem(const PickleValue& tuple, std::size_t index, PickleValue::Kind kind) {
    if (tuple.kind != PickleValue::Tuple || index >= tuple.items.size() || tuple.items[index]->kind != kind)
        fail("a tensor is not described as torch.save() does it");
    return *tuple.items[index];
}

vector<std::int64_t> getIntegers(const PickleValue& tuple) {
    vector<std::int64_t> integers;
    for (std::size_t i = 0; i < tuple.items.size(); i++)
        integers.push_back(getItem(tuple, i, PickleValue::Integer).integer);
    return integers;
}

/** Read a storage: ("storage", class, key, device, number of elements). */
at::Tensor readStorage(PyTorchStreamReader& archive, const PickleValue& description, const string& name) {
    static const std::map<string, at::ScalarType> types = {{"torch FloatStorage", at::kFloat},
                                                           {"torch DoubleStorage", at::kDouble},
                                                           {"torch HalfStorage", at::kHalf},
                                                           {"torch BFloat16Storage", at::kBFloat16}};
    const string& className = getItem(description, 1, PickleValue::Global).text;
    const auto type = types.find(className);
    if (type == types.end())
        fail("the entry '" + name + "' is a tensor of " + className +
             "; expected are float32, float64, float16 and bfloat16");
    const string elements = readRecord(archive, "data/" + getItem(description, 2, PickleValue::Text).text);
    const std::int64_t count = elements.size() / c10::elementSize(type->second);
    return at::from_blob((void*) elements.data(), {count}, type->second).clone();
}

/** Read a tensor: _rebuild_tensor_v2(storage, offset, sizes, strides, ...), or _rebuild_parameter(tensor, ...). */
at::Tensor readTensor(PyTorchStreamReader& archive, const PickleValue& value, const string& name) {
    auto getFunction = [](const PickleValue& v) { return v.kind == PickleValue::Call ? v.items[0]->text : ""; };
    const PickleValue* call = &value;
    while (getFunction(*call) == "torch._utils _rebuild_parameter")
        call = &getItem(*call->items[1], 0, PickleValue::Call);
    const string function = getFunction(*call);
    if (function != "torch._utils _rebuild_tensor_v2")
        fail("the entry '" + name + "' is not a tensor" + (function.empty() ? "" : ", but made by " + function) +
             "; expected is a state dict alone, as torch.save(module.state_dict()) writes it");
    const PickleValue& arguments = *call->items[1];
    const PickleValue& storage = getItem(arguments, 0, PickleValue::Reference);
    // as_strided checks that nothing outside the storage is reached.
    return readStorage(archive, *storage.items[0], name)
        .as_strided(getIntegers(getItem(arguments, 2, PickleValue::Tuple)),
                    getIntegers(getItem(arguments, 3, PickleValue::Tuple)),
                    getItem(arguments, 1, PickleValue::Integer).integer);
}

vector<NamedTensor> readArchive(const string& bytes) {
    std::istringstream stream(bytes);
    PyTorchStreamReader archive(&stream);
    if (archive.hasRecord("byteorder") && readRecord(archive, "byteorder") != "little")
        fail("it was written on a big-endian machine");
    const PickleRef root = readPickle(readRecord(archive, "data.pkl"));
    if (root->kind != PickleValue::Dictionary)
        fail("it holds " + (root->kind == PickleValue::Call ? "an object of " + root->items[0]->text : "no dict") +
             "; expected is a state dict, as torch.save(module.state_dict()) writes it");
    vector<NamedTensor> tensors;
    for (const auto& [key, value] : root->entries)
        tensors.push_back(toNamedTensor(key->text, readTensor(archive, *value, key->text)));
    return tensors;
}

} // namespace

vector<NamedTensor> SurrogatePlugin::readStateDictArchive(const string& bytes) {
    try {
        return readArchive(bytes);
    } catch (const c10::Error& error) {
        fail(string("it is not a file that torch.save() wrote: ") + error.what_without_backtrace());
    }
}
