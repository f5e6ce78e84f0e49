// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NAMEDTENSOR_H_
#define OPENMM_SURROGATE_NAMEDTENSOR_H_

#include <cstddef>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** An array of a model file: what a safetensors entry, or a node of an XML file, holds. */
struct NamedTensor {
    enum Type { Float32 = 0, Float64 = 1, Int32 = 2 };
    std::string name;
    Type type;
    /** Length of each dimension, outermost first. */
    std::vector<std::size_t> shape;
    /** The elements, row major. Double holds the values of every type exactly. */
    std::vector<double> values;

    /** Get the name of a type in safetensors: "F32", "F64" or "I32". */
    static const std::string& getTypeName(Type type);
    /** Get the type with a name. @throws OpenMM::OpenMMException if there is none; the message lists the names */
    static Type parseType(const std::string& name);
    /** Get the number of bytes of one element. */
    static std::size_t getElementSize(Type type);
    /**
     * Multiply the lengths of a shape.
     *
     * @param shape  the length of each dimension
     * @param limit  the largest number of elements that is accepted
     * @throws OpenMM::OpenMMException if the product is above the limit; it is never computed beyond it
     */
    static std::size_t countElements(const std::vector<std::size_t>& shape, std::size_t limit);
    /** Get the elements as they are in a file: little endian, row major. */
    std::string encode() const;
    /** Set the values from the bytes in a file. @param size  number of bytes, a multiple of the element size */
    void decode(const char* bytes, std::size_t size);
    /** Get a shape as people write it, "[64, 1]". */
    static std::string describeShape(const std::vector<std::size_t>& shape);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NAMEDTENSOR_H_*/
