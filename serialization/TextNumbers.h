// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TEXTNUMBERS_H_
#define OPENMM_SURROGATE_TEXTNUMBERS_H_

#include "JsonFields.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Write numbers with single spaces between them: the fewest digits that give each back exactly, in every locale. */
template <class T, class Values>
std::string writeNumbers(const Values& values) {
    std::string text;
    char digits[32]; // the longest double has 24 characters
    for (auto value : values) {
        if (!text.empty())
            text += ' ';
        text.append(digits, std::to_chars(digits, digits + sizeof(digits), (T) value).ptr);
    }
    return text;
}

/**
 * Read numbers with white space between them.
 *
 * @param text  the numbers
 * @param what  what they are, for messages
 * @throws OpenMM::OpenMMException if the text holds anything else, or a number that the type cannot
 */
template <class T>
std::vector<T> readNumbers(const std::string& text, const std::string& what) {
    const std::string space = " \t\r\n";
    std::vector<T> numbers;
    for (size_t begin = text.find_first_not_of(space); begin != std::string::npos;) {
        const size_t end = std::min(text.find_first_of(space, begin), text.size());
        T number;
        const auto result = std::from_chars(text.data() + begin, text.data() + end, number);
        if (result.ec != std::errc() || result.ptr != text.data() + end)
            throw OpenMM::OpenMMException(what + " is not a number of the expected kind: '" +
                                          printable(text.substr(begin, std::min<size_t>(end - begin, 40))) + "'");
        numbers.push_back(number);
        begin = text.find_first_not_of(space, end);
    }
    return numbers;
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TEXTNUMBERS_H_*/
