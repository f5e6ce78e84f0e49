// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_ENERGYINTEGRAL_H_
#define OPENMM_SURROGATE_ENERGYINTEGRAL_H_

#include <functional>
#include <vector>

namespace SurrogatePlugin {

/**
 * The integral of a force weight from r to the cutoff, made once and then evaluated cheaply: a piecewise polynomial on
 * panels of equal width.
 */
class EnergyIntegral {
public:
    /**
     * Integrate a smooth function to rounding: Chebyshev interpolation on panels that are halved until interpolant and
     * function agree between the nodes (Trefethen, Approximation Theory and Practice, chapters 3 and 19). Functions with kinks
     * converge slowly there, and are accepted when the integral is accurate to 1e-11 of its scale.
     *
     * @param force  w(r) in kJ/mol/nm for r in [low, high], nm
     * @throws OpenMM::OpenMMException if the function is too rough for that
     */
    static EnergyIntegral ofSmooth(const std::function<double(double)>& force, double low, double high);
    /**
     * Integrate a function with steps: the trapezoidal rule on 2^15 panels. Each step adds an error of at most half its height
     * times a panel, of either sign.
     */
    static EnergyIntegral ofStepwise(const std::function<double(double)>& force, double low, double high);
    /** Get the integral from r to high, for r in [low, high]. */
    double operator()(double r) const;
    /** Get the largest difference found between the function and the interpolant that is integrated, kJ/mol/nm; 0 with steps. */
    double getForceError() const { return forceError; }

private:
    EnergyIntegral(double low, double high, int numPanels, int numCoefficients);
    double low, high, forceError;
    int numPanels, numCoefficients;
    std::vector<double> integralAbove; // [numPanels], from the upper end of each panel to high
    std::vector<double> coefficients;  // [numPanels][numCoefficients], integral from t to 1 in powers of t in [-1, 1]
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_ENERGYINTEGRAL_H_*/
