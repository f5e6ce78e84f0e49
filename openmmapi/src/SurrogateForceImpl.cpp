// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/SurrogateForceImpl.h"
#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <algorithm>
#include <set>
#include <sstream>

using namespace SurrogatePlugin;
using OpenMM::ContextImpl;
using OpenMM::OpenMMException;
using OpenMM::Vec3;
using std::pair;
using std::string;
using std::to_string;
using std::vector;

namespace {

void checkExclusions(const SurrogateForce& force) {
    std::set<pair<int, int> > seen;
    for (int k = 0; k < force.getNumExclusions(); k++) {
        int i, j;
        force.getExclusionParticles(k, i, j);
        const string where =
            "SurrogateForce: exclusion " + to_string(k) + " (" + to_string(i) + ", " + to_string(j) + ") ";
        if (std::min(i, j) < 0 || std::max(i, j) >= force.getNumParticles())
            throw OpenMMException(where + "names a particle that does not exist; particles are 0 to " +
                                  to_string(force.getNumParticles() - 1));
        if (i == j)
            throw OpenMMException(where + "excludes a particle from itself; remove it");
        if (!seen.insert(std::minmax(i, j)).second)
            throw OpenMMException(where + "repeats an earlier exclusion; remove it");
    }
}

/** Every pair of types that can meet needs a network or the statement that it does not interact. */
void checkNetworks(const SurrogateForce& force) {
    const SurrogateModel& model = force.getModel();
    vector<int> count(model.getNumTypes(), 0);
    for (int i = 0; i < force.getNumParticles(); i++)
        if (force.getParticleType(i) >= 0)
            count[force.getParticleType(i)]++;
    for (int a = 0; a < model.getNumTypes(); a++)
        for (int b = a; b < model.getNumTypes(); b++) {
            const bool canMeet = (a == b ? count[a] > 1 : count[a] > 0 && count[b] > 0);
            if (canMeet && model.getPairNetwork(a, b) == SurrogateModel::Undefined)
                throw OpenMMException(
                    "SurrogateForce: the model has no network for the type pair " + model.getTypeNames()[a] + "-" +
                    model.getTypeNames()[b] +
                    "; set one with SurrogateModel::setPairNetwork(), or declare the pair NonInteracting");
        }
}

/** The nearest image is unique, and found by rounding, only while the cutoff is at most half of each diagonal element. */
void checkBox(const Vec3 box[3], double cutoff) {
    const double smallest = std::min({box[0][0], box[1][1], box[2][2]});
    if (!(2 * cutoff <= smallest)) {
        std::stringstream message;
        message << "SurrogateForce: the periodic box (smallest diagonal element " << smallest
                << " nm) must be at least twice the cutoff of the model (" << cutoff
                << " nm); use a larger box, a model with a shorter cutoff, or switch periodic boundary conditions off";
        throw OpenMMException(message.str());
    }
}

vector<pair<int, int> > copyExclusions(const SurrogateForce& force) {
    vector<pair<int, int> > exclusions(force.getNumExclusions());
    for (int k = 0; k < force.getNumExclusions(); k++)
        force.getExclusionParticles(k, exclusions[k].first, exclusions[k].second);
    return exclusions;
}

void requireUnchanged(bool unchanged, const string& what) {
    if (!unchanged)
        throw OpenMMException("updateParametersInContext: " + what +
                              " has changed; create a new Context, or reinitialize this one");
}

} // namespace

SurrogateForceImpl::SurrogateForceImpl(const SurrogateForce& owner)
    : owner(owner), cutoff(0), numParticles(0), periodic(false), tableTolerance(0) {}

void SurrogateForceImpl::initialize(ContextImpl& context) {
    const OpenMM::System& system = context.getSystem();
    if (owner.getNumParticles() != system.getNumParticles())
        throw OpenMMException(
            "SurrogateForce has " + to_string(owner.getNumParticles()) + " particles and the System " +
            to_string(system.getNumParticles()) +
            "; call addParticle() once for each particle of the System, with type -1 for those that take no part");
    checkExclusions(owner);
    checkNetworks(owner);
    cutoff = owner.getCutoffDistance();
    numParticles = owner.getNumParticles();
    exclusions = copyExclusions(owner);
    periodic = owner.usesPeriodicBoundaryConditions();
    settings.reset(new KernelSettings(owner, context.getPlatform().getName()));
    tableTolerance = owner.getTableTolerance();
    if (periodic) {
        Vec3 box[3];
        system.getDefaultPeriodicBoxVectors(box[0], box[1], box[2]);
        checkBox(box, cutoff);
    }
    kernel = context.getPlatform().createKernel(CalcSurrogateForceKernel::Name(), context);
    kernel.getAs<CalcSurrogateForceKernel>().initialize(system, owner);
}

void SurrogateForceImpl::updateContextState(ContextImpl&, bool&) {
    kernel.getAs<CalcSurrogateForceKernel>().beginStep();
}

double SurrogateForceImpl::calcForcesAndEnergy(ContextImpl& context, bool includeForces, bool includeEnergy,
                                               int groups) {
    if ((groups & (1 << owner.getForceGroup())) == 0)
        return 0.0;
    if (periodic) { // the box may have shrunk since the Context was created
        Vec3 box[3];
        context.getPeriodicBoxVectors(box[0], box[1], box[2]);
        checkBox(box, cutoff);
    }
    return kernel.getAs<CalcSurrogateForceKernel>().execute(context, includeForces, includeEnergy);
}

vector<string> SurrogateForceImpl::getKernelNames() {
    return {CalcSurrogateForceKernel::Name()};
}

void SurrogateForceImpl::updateParametersInContext(ContextImpl& context) {
    requireUnchanged(owner.getCutoffDistance() == cutoff, "the cutoff of the model");
    requireUnchanged(owner.getNumParticles() == numParticles, "the number of particles");
    requireUnchanged(owner.usesPeriodicBoundaryConditions() == periodic, "the use of periodic boundary conditions");
    const KernelSettings current(owner, context.getPlatform().getName());
    requireUnchanged(current.precision == settings->precision,
                     "the precision, or the format of the model that decides it,");
    requireUnchanged(current.useTable == settings->useTable, "the evaluation method");
    requireUnchanged(owner.getTableTolerance() == tableTolerance, "the table tolerance");
    requireUnchanged(copyExclusions(owner) == exclusions, "an exclusion");
    checkNetworks(owner);
    kernel.getAs<CalcSurrogateForceKernel>().copyParametersToContext(context, owner);
    context.systemChanged();
}

double SurrogateForceImpl::getTableError() const {
    return kernel.getAs<const CalcSurrogateForceKernel>().getTableError();
}
