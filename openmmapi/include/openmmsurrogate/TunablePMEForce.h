// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TUNABLEPMEFORCE_H_
#define OPENMM_SURROGATE_TUNABLEPMEFORCE_H_

#include "openmmsurrogate/NumericFormat.h"
#include <openmm/Context.h>
#include <openmm/NonbondedForce.h>
#include <memory>

namespace SurrogatePlugin {

struct PMESettings;

/**
 * A NonbondedForce whose reciprocal space can be tuned: how Coulomb's potential is split, the spline order, and the
 * precision of each stage of the mesh calculation.
 *
 * It takes the place of a NonbondedForce and is one: every setting means what it means there, and with the methods
 * NoCutoff, CutoffNonPeriodic, CutoffPeriodic and Ewald it computes exactly the same. With PME and LJPME the platform's
 * own kernel computes everything but reciprocal space (pairs, exceptions, corrections for exclusions, the dispersion
 * correction), and the stages of this class compute that:
 *
 *   1. Spreading: charges are spread over the grid with a window function (a cardinal B-spline of the order set).
 *   2. FFT: the grid is transformed, and later transformed back.
 *   3. Convolution: each wave is multiplied by the Ewald sum's influence function.
 *   4. Interpolation: forces are read from the grid with the derivative of the same window.
 *
 * A stage's precision is the format of what it stores on the grid. Arithmetic is double for Double and single for all
 * others; energies are added in double. docs/theory/pme.md has the formulas and their sources.
 *
 * setKSpaceMethod() chooses between OpenMM's Gaussian split (SPME) and a prolate one (ESP), which needs a far coarser grid;
 * with that our kernels compute direct space too, and the window is a prolate function. docs/theory/prolate.md has the
 * formulas and their sources.
 *
 * Three setters choose the parameters of the split and the grid; the first that applies wins:
 *
 *   1. setPMEParameters() with alpha other than 0: used as they are, with SPME. (setLJPMEParameters() for dispersion.)
 *   2. setForceErrorTolerance(): SPME: from an error estimate, for the charges and box of the System at Context creation.
 *      ESP: likewise, and checked at the first evaluation.
 *   3. setEwaldErrorTolerance(): SPME: for the error of OpenMM's direct sum at this tolerance, from the same estimates.
 *      (For dispersion, and without charges, OpenMM's rule with the grid rounded up to sizes that FFTs like.) ESP:
 *      parameters for this relative error of the forces, checked at the first evaluation.
 *
 * getPMEParametersInContext() tells what a Context uses. A Context on a platform without kernels for this class throws.
 */
class TunablePMEForce : public OpenMM::NonbondedForce {
public:
    using Precision = NumericFormat::Type;
    /** The platform's own: Double on Reference and on CUDA with Precision "double", Single elsewhere. */
    static constexpr Precision Default = NumericFormat::Default;
    static constexpr Precision Double = NumericFormat::Double;
    static constexpr Precision Single = NumericFormat::Single;
    /** 16-bit storage, 8 exponent bits. */
    static constexpr Precision BFloat16 = NumericFormat::BFloat16;
    /**
     * 16-bit storage, 5 exponent bits; a grid shares one scale, a power of two, so that it neither over- nor
     * underflows.
     */
    static constexpr Precision Float16 = NumericFormat::Float16;
    static constexpr int MinSplineOrder = 4, MaxSplineOrder = 8;
    static constexpr int DefaultSplineOrder = 5;
    /** How Coulomb's potential is split into direct and reciprocal space, and the window of the mesh. */
    enum KSpaceMethod {
        /**
         * ESP where it can be used and nothing of SPME is set: method PME, setPMEParameters() and setSplineOrder() at
         * their defaults, no stage in Float16 or BFloat16, direct space included, a tolerance that ESP has parameters for,
         * and a platform on which it is the faster one. Else SPME.
         */
        Automatic = 0,
        /** Smooth particle mesh Ewald, as OpenMM's: split by the error function, B-splines as windows. */
        SPME = 1,
        /** Split and window are prolate spheroidal wave functions. */
        ESP = 2
    };
    TunablePMEForce();
    /** Create a force with all particles, exceptions and settings of another one, which may live in a Context. */
    explicit TunablePMEForce(const OpenMM::NonbondedForce& force);
    /** Get how Coulomb's potential is split. Default Automatic. */
    KSpaceMethod getKSpaceMethod() const { return kSpaceMethod; }
    /**
     * Set how Coulomb's potential is split. It matters for the method PME only, and must be Automatic or SPME for LJPME.
     * A Context for which ESP is set but cannot be used throws and says why.
     *
     * @param method  Automatic, SPME or ESP
     */
    void setKSpaceMethod(KSpaceMethod method);
    /**
     * Get what Automatic has become in a Context: SPME or ESP.
     *
     * With ESP there is no alpha; what getPMEParametersInContext() returns in its place is that of the Gaussian split
     * with the same second moment, which other software may use to judge the split, but not to compute a part of it.
     *
     * @throws OpenMM::OpenMMException if the Context uses no mesh
     */
    KSpaceMethod getKSpaceMethodInContext(const OpenMM::Context& context) const;
    /**
     * Get the error of the mesh forces that was measured when a Context with ESP was first evaluated, after its box has
     * grown, or after its charges have changed by more than a tenth: against a mesh of twice as many points along each axis. From it the Context has judged whether its
     * parameters are good enough.
     *
     * @param[out] absolute  root mean square, over particles, of the norm of the error, kJ/mol/nm
     * @param[out] relative  the same over the root mean square of the electrostatic force, or over a typical force where
     *                       that is smaller, as in a perfect crystal: see docs/theory/prolate.md
     * @throws OpenMM::OpenMMException if the Context does not use ESP or has not been evaluated, or its platform does not
     *         measure the error
     */
    void getMeshErrorInContext(const OpenMM::Context& context, double& absolute, double& relative) const;
    /** Get the order of the B-spline. Default 5, which is OpenMM's. */
    int getSplineOrder() const { return splineOrder; }
    /**
     * Set the order of the B-spline: each charge is spread over order^3 points. With ESP the tolerance chooses the order
     * of the window, and this one must be left at its default.
     *
     * @param order  4 to 8
     * @throws OpenMM::OpenMMException if it is another number
     */
    void setSplineOrder(int order);
    Precision getSpreadingPrecision() const { return spreadingPrecision; }
    /** Set the format of the charge grid. @param precision  Default, Double, Single, BFloat16 or Float16 */
    void setSpreadingPrecision(Precision precision);
    Precision getFFTPrecision() const { return fftPrecision; }
    /** Set the format of what both transforms store. @param precision  Default, Double, Single, BFloat16 or Float16 */
    void setFFTPrecision(Precision precision);
    Precision getConvolutionPrecision() const { return convolutionPrecision; }
    /**
     * Set the format of the influence function and of the products with it.
     *
     * @param precision  Default, Double, Single, BFloat16 or Float16
     */
    void setConvolutionPrecision(Precision precision);
    Precision getInterpolationPrecision() const { return interpolationPrecision; }
    /**
     * Set the format of the potential that is interpolated.
     *
     * @param precision  Default, Double, Single, BFloat16 or Float16
     */
    void setInterpolationPrecision(Precision precision);
    /** Get the error that alpha and grid are chosen for, kJ/mol/nm; 0 if the Ewald error tolerance chooses them. */
    double getForceErrorTolerance() const { return forceErrorTolerance; }
    /**
     * Choose alpha and grid, when a Context is created, for a root mean square error of the electrostatic force.
     *
     * It is an absolute error, like LAMMPS's accuracy times its reference force, and unlike setEwaldErrorTolerance(),
     * whose number is the relative error of the pair force at the cutoff. The estimate takes charges to be uncorrelated
     * and uses the box, the charges, and the default values of global parameters, as they are when the Context is
     * created; measureForceErrorInContext() tells what came of it. Rounding, where a stage is in Single or less, comes
     * on top.
     *
     * With ESP the first guess is the tolerance over a typical force of such charges at their density, as ESP's parameters
     * are for relative errors. The error is then measured at the first evaluation, and the parameters made stricter until
     * it is met; if it cannot be, the evaluation throws.
     *
     * @param tolerance  kJ/mol/nm; 0 for none
     * @throws OpenMM::OpenMMException if it is negative or not finite
     */
    void setForceErrorTolerance(double tolerance);
    /**
     * Measure the error of the electrostatic forces that a Context computes, at its current positions.
     *
     * The forces are computed once more in a Context like it (same platform, properties, alpha, grid, order and
     * precisions) with the electrostatic part of this force only, and compared with an Ewald sum in double, without a
     * mesh, that is converged to about 1e-10. Charges must be what the Context uses: call updateParametersInContext()
     * first if you have changed them.
     *
     * @param context          the Context; its method must be PME or LJPME
     * @param[out] absolute    root mean square, over particles, of the norm of the error, kJ/mol/nm
     * @param[out] relative    the same over the root mean square of the force; 0 if no force is other than 0
     * @param maxParticles     the Ewald sum is computed for this many particles, evenly chosen, as its cost grows with
     *                         their number.
     * @throws OpenMM::OpenMMException if the Context does not use PME, or maxParticles is not positive
     */
    void measureForceErrorInContext(OpenMM::Context& context, double& absolute, double& relative,
                                    int maxParticles = 1000) const;

protected:
    OpenMM::ForceImpl* createImpl() const override;

private:
    friend struct PMESettings;
    KSpaceMethod kSpaceMethod;
    int splineOrder;
    Precision spreadingPrecision, fftPrecision, convolutionPrecision, interpolationPrecision;
    double forceErrorTolerance;
    std::shared_ptr<const PMESettings> fixedSettings; // of another Context, whose error is measured in one of its own
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TUNABLEPMEFORCE_H_*/
