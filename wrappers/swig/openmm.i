// SPDX-License-Identifier: MIT
// The part of OpenMM's interface that ours refers to.
namespace OpenMM {
class Force {
public:
    virtual ~Force();
};
class NonbondedForce : public Force {
};
class Context;
class System;
}
