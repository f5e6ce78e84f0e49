// SPDX-License-Identifier: MIT
#include "openmmsurrogate/TunablePMEForce.h"
#include "ForceErrorMeasurement.h"
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include "openmmsurrogate/internal/TunablePMEForceImpl.h"
#include <openmm/OpenMMException.h>
#include <openmm/serialization/SerializationNode.h>
#include <openmm/serialization/SerializationProxy.h>
#include <cmath>
#include <memory>
#include <sstream>
#include <typeinfo>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::unique_ptr;

namespace {

/**
 * Make a copy through the force's serialization. A plain copy would take over the counts by which a force that lives in
 * a Context tracks what has changed since.
 */
NonbondedForce makeFreshCopy(const NonbondedForce& force) {
    const SerializationProxy& proxy = SerializationProxy::getProxy(typeid(NonbondedForce));
    SerializationNode node;
    proxy.serialize(&force, node);
    const unique_ptr<NonbondedForce> copy(static_cast<NonbondedForce*>(proxy.deserialize(node)));
    return *copy;
}

/** Get the kernel of this force in a Context. @throws OpenMM::OpenMMException if it uses no mesh */
const TunableNonbondedKernel& findKernel(const ForceImpl& impl) {
    const TunableNonbondedKernel* kernel = dynamic_cast<const TunablePMEForceImpl&>(impl).getKernel();
    if (kernel == nullptr)
        throw OpenMMException("TunablePMEForce: the Context uses no mesh; its method must be PME or LJPME");
    return *kernel;
}

void checkPrecision(NumericFormat::Type precision, const string& setter) {
    switch (precision) {
    case NumericFormat::Default:
    case NumericFormat::Double:
    case NumericFormat::Single:
    case NumericFormat::BFloat16:
    case NumericFormat::Float16:
        return;
    default:
        throw OpenMMException("TunablePMEForce: " + setter +
                              "() takes default, double, single, bfloat16 or float16; got " +
                              NumericFormat::getName(precision));
    }
}

} // namespace

TunablePMEForce::TunablePMEForce()
    : kSpaceMethod(Automatic), splineOrder(DefaultSplineOrder), spreadingPrecision(Default), fftPrecision(Default),
      convolutionPrecision(Default), interpolationPrecision(Default), forceErrorTolerance(0) {
    setName("TunablePMEForce");
}

TunablePMEForce::TunablePMEForce(const NonbondedForce& force)
    : NonbondedForce(makeFreshCopy(force)), kSpaceMethod(Automatic), splineOrder(DefaultSplineOrder),
      spreadingPrecision(Default), fftPrecision(Default), convolutionPrecision(Default),
      interpolationPrecision(Default), forceErrorTolerance(0) {
    if (const auto* tunable = dynamic_cast<const TunablePMEForce*>(&force)) {
        kSpaceMethod = tunable->kSpaceMethod;
        splineOrder = tunable->splineOrder;
        spreadingPrecision = tunable->spreadingPrecision;
        fftPrecision = tunable->fftPrecision;
        convolutionPrecision = tunable->convolutionPrecision;
        interpolationPrecision = tunable->interpolationPrecision;
        forceErrorTolerance = tunable->forceErrorTolerance;
    }
}

void TunablePMEForce::setKSpaceMethod(KSpaceMethod method) {
    if (method != Automatic && method != SPME && method != ESP)
        throw OpenMMException("TunablePMEForce: the k-space method must be Automatic, SPME or ESP; got " +
                              std::to_string((int) method));
    kSpaceMethod = method;
}

TunablePMEForce::KSpaceMethod TunablePMEForce::getKSpaceMethodInContext(const Context& context) const {
    return findKernel(getImplInContext(context)).getSettings().method;
}

void TunablePMEForce::getMeshErrorInContext(const Context& context, double& absolute, double& relative) const {
    const MeshError error = findKernel(getImplInContext(context)).getMeshError();
    absolute = error.absolute;
    relative = error.relative;
}

void TunablePMEForce::setSplineOrder(int order) {
    if (order < MinSplineOrder || order > MaxSplineOrder)
        throw OpenMMException("TunablePMEForce: the spline order must be 4 to 8; got " + std::to_string(order));
    splineOrder = order;
}

void TunablePMEForce::setSpreadingPrecision(Precision precision) {
    checkPrecision(precision, "setSpreadingPrecision");
    spreadingPrecision = precision;
}

void TunablePMEForce::setFFTPrecision(Precision precision) {
    checkPrecision(precision, "setFFTPrecision");
    fftPrecision = precision;
}

void TunablePMEForce::setConvolutionPrecision(Precision precision) {
    checkPrecision(precision, "setConvolutionPrecision");
    convolutionPrecision = precision;
}

void TunablePMEForce::setInterpolationPrecision(Precision precision) {
    checkPrecision(precision, "setInterpolationPrecision");
    interpolationPrecision = precision;
}

void TunablePMEForce::setForceErrorTolerance(double tolerance) {
    if (!(tolerance >= 0 && std::isfinite(tolerance))) {
        std::stringstream message;
        message << "TunablePMEForce: the force error tolerance must be positive, or 0 for none; got " << tolerance
                << " kJ/mol/nm";
        throw OpenMMException(message.str());
    }
    forceErrorTolerance = tolerance;
}

void TunablePMEForce::measureForceErrorInContext(Context& context, double& absolute, double& relative,
                                                 int maxParticles) const {
    const PMESettings& settings = findKernel(getImplInContext(context)).getSettings();
    if (settings.isProlate())
        context.getState(State::Forces); // the first evaluation may change the settings
    const ForceError error = measureForceError(*this, context, settings, maxParticles);
    absolute = error.absolute;
    relative = error.relative;
}

ForceImpl* TunablePMEForce::createImpl() const {
    // The base class begins to track changes when it creates its Impl, and only then.
    delete NonbondedForce::createImpl();
    return new TunablePMEForceImpl(*this);
}
