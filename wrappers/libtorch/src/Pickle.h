// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PICKLE_H_
#define OPENMM_SURROGATE_PICKLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace SurrogatePlugin {

struct PickleValue;
using PickleRef = std::shared_ptr<PickleValue>;

/** A value in a pickle: what a state dict has of Python's types. Nothing of it is ever run. */
struct PickleValue {
    enum Kind {
        Other, ///< None, and what we do not look into
        Integer,
        Text,
        Tuple,
        Dictionary, ///< dict and collections.OrderedDict
        Global,     ///< a class or function: text is "module name"
        Call,       ///< items[0] is the Global that was called, items[1] the Tuple of its arguments
        Reference,  ///< a persistent id: items[0]
        Mark
    };
    Kind kind = Other;
    std::int64_t integer = 0;
    std::string text;
    std::vector<PickleRef> items;
    std::vector<std::pair<PickleRef, PickleRef> > entries;
};

/**
 * Read a pickle of protocol 2, in which torch.save() writes.
 *
 * @param bytes  the pickle
 * @return the pickled value
 * @throws OpenMM::OpenMMException if it ends early or has an instruction that torch.save() does not use for state dicts
 */
PickleRef readPickle(const std::string& bytes);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PICKLE_H_*/
