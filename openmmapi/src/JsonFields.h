// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_JSONFIELDS_H_
#define OPENMM_SURROGATE_JSONFIELDS_H_

#include <nlohmann/json.hpp>
#include <openmm/OpenMMException.h>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * Parse a JSON text strictly: valid UTF-8, no key twice in an object, no deep nesting.
 *
 * @param text  the text
 * @param what  what the text is, for messages
 * @throws OpenMM::OpenMMException if it is not
 */
nlohmann::json parseJson(const std::string& text, const std::string& what);

/** Run an action, and put the place before the message of what it throws: "networks[0]: the cutoff ...". */
template <class Action>
void inContext(const std::string& place, Action action) {
    try {
        action();
    } catch (const OpenMM::OpenMMException& error) {
        throw OpenMM::OpenMMException(place + ": " + error.what());
    }
}

/** Get a text that comes from a file as it can be shown in a message: printable ASCII of bounded length. */
std::string printable(const std::string& text);

/**
 * Typed access to the fields of a JSON object whose fields are all known: one that is missing, of another type or
 * unknown is an OpenMM::OpenMMException that names it. Call finish() after the last field.
 */
class JsonFields {
public:
    /** @param object  the object; must outlive this */
    explicit JsonFields(const nlohmann::json& object);
    const nlohmann::json& getValue(const std::string& key);
    const nlohmann::json& getArray(const std::string& key);
    std::string getString(const std::string& key);
    double getNumber(const std::string& key);
    bool getBool(const std::string& key);
    /** Get an integer that is not negative. */
    int getCount(const std::string& key);
    std::vector<double> getNumbers(const std::string& key);
    std::vector<std::string> getStrings(const std::string& key);
    std::vector<std::size_t> getSizes(const std::string& key);
    /** Throw if the object has a field that was not asked for. */
    void finish() const;
    [[noreturn]] void fail(const std::string& key, const std::string& message) const;

private:
    const nlohmann::json& object;
    std::set<std::string> known;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_JSONFIELDS_H_*/
