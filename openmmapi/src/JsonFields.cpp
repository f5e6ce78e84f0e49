// SPDX-License-Identifier: MIT
#include "JsonFields.h"
#include <limits>

using namespace SurrogatePlugin;
using nlohmann::json;
using OpenMM::OpenMMException;
using std::size_t;
using std::string;
using std::vector;

namespace {

// Deep enough for any provenance; the limit keeps a hostile text from building a tower of objects.
const int maxDepth = 64;

/** Refuses what json::parse() would let pass: repeated keys (of which it keeps the last) and deep nesting. */
class StrictParsing {
public:
    explicit StrictParsing(const string& what) : what(what) {}
    bool operator()(int depth, json::parse_event_t event, const json& parsed) {
        using Event = json::parse_event_t;
        if ((event == Event::object_start || event == Event::array_start) && depth >= maxDepth)
            throw OpenMMException(what + " is nested more than " + std::to_string(maxDepth) + " levels deep");
        if (event == Event::object_start)
            keys.emplace_back();
        else if (event == Event::object_end)
            keys.pop_back();
        else if (event == Event::key && !keys.back().insert(parsed.get<string>()).second)
            throw OpenMMException(what + " has the key '" + printable(parsed.get<string>()) + "' twice in one object");
        return true;
    }

private:
    const string& what;
    vector<std::set<string> > keys; // of the objects that are open
};

} // namespace

json SurrogatePlugin::parseJson(const string& text, const string& what) {
    StrictParsing strict(what);
    // The parser takes a NUL for the end of the text, and would not look at what is behind it.
    if (text.find('\0') != string::npos)
        throw OpenMMException(what + " is not valid JSON: it contains a NUL byte");
    try {
        return json::parse(text, [&strict](int depth, json::parse_event_t event, json& parsed) {
            return strict(depth, event, parsed);
        });
    } catch (const json::exception& error) {
        throw OpenMMException(what + " is not valid JSON: " + printable(error.what()));
    }
}

string SurrogatePlugin::printable(const string& text) {
    const size_t maxLength = 200;
    string shown = text.substr(0, maxLength);
    for (char& c : shown)
        if (c < ' ' || c > '~')
            c = '?';
    return text.size() > maxLength ? shown + "..." : shown;
}

JsonFields::JsonFields(const json& object) : object(object) {
    if (!object.is_object())
        throw OpenMMException(string("there must be a JSON object; it is of type ") + object.type_name());
}

void JsonFields::fail(const string& key, const string& message) const {
    throw OpenMMException("field '" + key + "' " + message);
}

const json& JsonFields::getValue(const string& key) {
    const auto found = object.find(key);
    if (found == object.end())
        fail(key, "is missing");
    known.insert(key);
    return *found;
}

const json& JsonFields::getArray(const string& key) {
    const json& value = getValue(key);
    if (!value.is_array())
        fail(key, string("must be a list; it is of type ") + value.type_name());
    return value;
}

string JsonFields::getString(const string& key) {
    const json& value = getValue(key);
    if (!value.is_string())
        fail(key, string("must be a text; it is of type ") + value.type_name());
    return value.get<string>();
}

double JsonFields::getNumber(const string& key) {
    const json& value = getValue(key);
    if (!value.is_number())
        fail(key, string("must be a number; it is of type ") + value.type_name());
    return value.get<double>();
}

bool JsonFields::getBool(const string& key) {
    const json& value = getValue(key);
    if (!value.is_boolean())
        fail(key, string("must be true or false; it is of type ") + value.type_name());
    return value.get<bool>();
}

int JsonFields::getCount(const string& key) {
    const json& value = getValue(key);
    // json keeps integers that do not fit 64 bits as floating point numbers, so none slips through as a small one.
    if (!value.is_number_unsigned() || value.get<uint64_t>() > (uint64_t) std::numeric_limits<int>::max())
        fail(key, "must be an integer between 0 and 2147483647; got " + printable(value.dump()));
    return value.get<int>();
}

vector<double> JsonFields::getNumbers(const string& key) {
    vector<double> numbers;
    for (const json& value : getArray(key)) {
        if (!value.is_number())
            fail(key, string("must hold numbers only; one is of type ") + value.type_name());
        numbers.push_back(value.get<double>());
    }
    return numbers;
}

vector<string> JsonFields::getStrings(const string& key) {
    vector<string> strings;
    for (const json& value : getArray(key)) {
        if (!value.is_string())
            fail(key, string("must hold texts only; one is of type ") + value.type_name());
        strings.push_back(value.get<string>());
    }
    return strings;
}

vector<size_t> JsonFields::getSizes(const string& key) {
    vector<size_t> sizes;
    for (const json& value : getArray(key)) {
        if (!value.is_number_unsigned() || value.get<uint64_t>() > std::numeric_limits<size_t>::max())
            fail(key, "must hold integers that are not negative; one is " + printable(value.dump()));
        sizes.push_back(value.get<size_t>());
    }
    return sizes;
}

void JsonFields::finish() const {
    for (const auto& item : object.items())
        if (known.count(item.key()) == 0)
            fail(printable(item.key()), "is unknown");
}
