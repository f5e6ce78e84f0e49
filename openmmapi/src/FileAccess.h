// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FILEACCESS_H_
#define OPENMM_SURROGATE_FILEACCESS_H_

#include <cstddef>
#include <string>

namespace SurrogatePlugin {

/**
 * Read a whole file.
 *
 * @param filename  its name
 * @param maxSize   the largest size that is accepted, bytes
 * @throws OpenMM::OpenMMException that names the file and the reason if it cannot be opened or read, is not a
 *         regular file, is empty or too large
 */
std::string readFile(const std::string& filename, std::size_t maxSize);

/**
 * Write a file beside its final name, bring it to the disk and rename it: whatever interrupts that, the name stands
 * for the whole old file or the whole new one.
 *
 * @param filename  its final name; a file or symbolic link that is there already is replaced
 * @param bytes     its content
 * @throws OpenMM::OpenMMException that names the file and the reason if that fails; nothing is left behind then
 */
void replaceFile(const std::string& filename, const std::string& bytes);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_FILEACCESS_H_*/
