// SPDX-License-Identifier: MIT
#include "openmmsurrogate/SurrogateForce.h"
#include "openmmsurrogate/internal/SurrogateForceImpl.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::pair;
using std::set;
using std::string;
using std::to_string;
using std::vector;

SurrogateForce::SurrogateForce(const SurrogateModel& model)
    : model(model), periodic(true), precision(Default), method(Automatic), tableTolerance(1e-5) {
    setName("SurrogateForce"); // otherwise the name of the serialized type
}

void SurrogateForce::setModel(const SurrogateModel& newModel) {
    for (int type : types)
        checkType(newModel, type);
    model = newModel;
}

int SurrogateForce::addParticle(int type) {
    checkType(model, type);
    types.push_back(type);
    return getNumParticles() - 1;
}

int SurrogateForce::addParticle(const string& typeName) {
    return addParticle(model.getTypeIndex(typeName));
}

int SurrogateForce::getParticleType(int index) const {
    checkParticle(index);
    return types[index];
}

void SurrogateForce::setParticleType(int index, int type) {
    checkParticle(index);
    checkType(model, type);
    types[index] = type;
}

void SurrogateForce::setParticleType(int index, const string& typeName) {
    setParticleType(index, model.getTypeIndex(typeName));
}

int SurrogateForce::addExclusion(int particle1, int particle2) {
    exclusions.push_back({particle1, particle2});
    return getNumExclusions() - 1;
}

void SurrogateForce::getExclusionParticles(int index, int& particle1, int& particle2) const {
    checkExclusion(index);
    particle1 = exclusions[index].first;
    particle2 = exclusions[index].second;
}

void SurrogateForce::setExclusionParticles(int index, int particle1, int particle2) {
    checkExclusion(index);
    exclusions[index] = {particle1, particle2};
}

void SurrogateForce::createExclusionsFromBonds(const vector<pair<int, int> >& bonds, int bondCutoff) {
    if (bondCutoff < 1)
        return;
    vector<vector<int> > bonded(types.size());
    for (const pair<int, int>& bond : bonds) {
        if (bond.first < 0 || bond.second < 0 || bond.first >= getNumParticles() || bond.second >= getNumParticles())
            throw OpenMMException("createExclusionsFromBonds: bond " + to_string(bond.first) + "-" +
                                  to_string(bond.second) + " names a particle that does not exist; add the " +
                                  to_string(getNumParticles()) +
                                  " particles so far to completion before calling this, and count them from 0");
        bonded[bond.first].push_back(bond.second);
        bonded[bond.second].push_back(bond.first);
    }
    set<pair<int, int> > present;
    for (const pair<int, int>& exclusion : exclusions)
        present.insert(std::minmax(exclusion.first, exclusion.second));
    for (int first = 0; first < getNumParticles(); first++) {
        set<int> reached = {first}, shell = {first};
        for (int step = 0; step < bondCutoff && !shell.empty(); step++) {
            set<int> next;
            for (int particle : shell)
                for (int neighbor : bonded[particle])
                    if (reached.insert(neighbor).second)
                        next.insert(neighbor);
            shell.swap(next);
        }
        for (int second : reached)
            if (second > first && present.insert({first, second}).second)
                addExclusion(first, second);
    }
}

void SurrogateForce::setUsesPeriodicBoundaryConditions(bool newPeriodic) {
    periodic = newPeriodic;
}

void SurrogateForce::setPrecision(Precision newPrecision) {
    NumericFormat::getName(newPrecision); // throws if there is no such format
    precision = newPrecision;
}

void SurrogateForce::setEvaluationMethod(EvaluationMethod newMethod) {
    if (newMethod < Automatic || newMethod > Table)
        throw OpenMMException("setEvaluationMethod: there is no method " + to_string((int) newMethod) +
                              "; use Automatic (0), Network (1) or Table (2)");
    method = newMethod;
}

void SurrogateForce::setTableTolerance(double tolerance) {
    if (!(tolerance >= 1e-9 && tolerance <= 0.1)) {
        std::stringstream message;
        message << "setTableTolerance: the tolerance must be between 1e-9 and 0.1; got " << tolerance;
        throw OpenMMException(message.str());
    }
    tableTolerance = tolerance;
}

double SurrogateForce::getTableErrorInContext(OpenMM::Context& context) const {
    return dynamic_cast<const SurrogateForceImpl&>(getImplInContext(context)).getTableError();
}

void SurrogateForce::updateParametersInContext(OpenMM::Context& context) {
    dynamic_cast<SurrogateForceImpl&>(getImplInContext(context)).updateParametersInContext(getContextImpl(context));
}

OpenMM::ForceImpl* SurrogateForce::createImpl() const {
    return new SurrogateForceImpl(*this);
}

void SurrogateForce::checkType(const SurrogateModel& model, int type) const {
    if (type < -1 || type >= model.getNumTypes())
        throw OpenMMException("SurrogateForce: there is no particle type " + to_string(type) +
                              "; the model has types 0 to " + to_string(model.getNumTypes() - 1) +
                              ", and -1 stands for a particle that takes no part");
}

void SurrogateForce::checkParticle(int index) const {
    if (index < 0 || index >= getNumParticles())
        throw OpenMMException("SurrogateForce: there is no particle " + to_string(index) + "; " +
                              to_string(getNumParticles()) + " have been added");
}

void SurrogateForce::checkExclusion(int index) const {
    if (index < 0 || index >= getNumExclusions())
        throw OpenMMException("SurrogateForce: there is no exclusion " + to_string(index) + "; " +
                              to_string(getNumExclusions()) + " have been added");
}
