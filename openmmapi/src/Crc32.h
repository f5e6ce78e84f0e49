// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CRC32_H_
#define OPENMM_SURROGATE_CRC32_H_

#include <array>
#include <cstdint>
#include <string>

namespace SurrogatePlugin {

/** The CRC-32 of zlib, PNG and Ethernet (polynomial 0x04C11DB7, reflected): zlib.crc32() of Python gives the same. */
class Crc32 {
public:
    Crc32() : state(0xFFFFFFFFu) {
        for (uint32_t byte = 0; byte < table.size(); byte++) {
            uint32_t remainder = byte;
            for (int bit = 0; bit < 8; bit++)
                remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0xEDB88320u : 0u);
            table[byte] = remainder;
        }
    }
    void add(const std::string& bytes) {
        for (char c : bytes)
            state = (state >> 8) ^ table[(state ^ (unsigned char) c) & 0xFF];
    }
    /** Get the value as eight lower-case hexadecimal digits. */
    std::string toHex() const {
        std::string text;
        for (int shift = 28; shift >= 0; shift -= 4)
            text += "0123456789abcdef"[(~state >> shift) & 0xF];
        return text;
    }

private:
    std::array<uint32_t, 256> table;
    uint32_t state;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CRC32_H_*/
