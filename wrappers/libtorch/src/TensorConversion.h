// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TENSORCONVERSION_H_
#define OPENMM_SURROGATE_TENSORCONVERSION_H_

#include "openmmsurrogate/internal/NamedTensor.h"
#include <ATen/ATen.h>
#include <string>

namespace SurrogatePlugin {

/** Copy the elements of a tensor of any floating point type, device and strides. */
inline NamedTensor toNamedTensor(const std::string& name, const at::Tensor& tensor) {
    const at::Tensor copy = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
    const double* data = copy.const_data_ptr<double>();
    return {name, NamedTensor::Float64, {copy.sizes().begin(), copy.sizes().end()}, {data, data + copy.numel()}};
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TENSORCONVERSION_H_*/
