// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MESHWINDOW_H_
#define OPENMM_SURROGATE_MESHWINDOW_H_

#include <functional>
#include <vector>

namespace SurrogatePlugin {

/**
 * The function with which charges are spread over a grid and forces interpolated: a piecewise polynomial W of finite
 * support, and its Fourier transform. All that the stages know of a window is in here.
 *
 * A particle at u = i + f in units of the grid spacing, with integer i and 0 <= f < 1, has the weight w_j(f) at grid
 * point i + j, j = 0 to order-1. Each w_j is a polynomial in f - 1/2, and forces use its derivative, so that they are
 * the gradient of the energy to rounding, however well the polynomials approximate a window.
 */
class MeshWindow {
public:
    static constexpr int MaxOrder = 10;
    /**
     * @param coefficients  [order][degree+1], those of w_j in ascending powers of f - 1/2
     * @param transform     the transform of W as a function of y, waves per grid point: the integral of W(s) cos(2 pi y
     *                      s) ds, 1 at y = 0
     */
    MeshWindow(const std::vector<std::vector<double> >& coefficients, const std::function<double(double)>& transform);
    int getOrder() const { return order; }
    int getDegree() const { return degree; }
    /** Get the coefficients, [degree+1][order], highest power first: the order in which Horner's rule takes them. */
    const std::vector<double>& getHornerCoefficients() const { return coefficients; }
    double getTransform(double y) const { return transform(y); }

private:
    int order, degree;
    std::vector<double> coefficients;
    std::function<double(double)> transform;
};

/**
 * Make the cardinal B-spline of an order: U. Essmann et al., J. Chem. Phys. 103, 8577 (1995), equation 4.1. Its
 * transform is (sin(pi y) / (pi y))^order.
 */
MeshWindow makeBSplineWindow(int order);

/**
 * Get the squared transform of a window at the waves of a grid. The influence function is divided by it once for
 * spreading and interpolation together.
 *
 * @return [numPoints], at y = m/numPoints with m from 0 to numPoints/2 and then the negative ones
 */
std::vector<double> computeSquaredTransform(const MeshWindow& window, int numPoints);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHWINDOW_H_*/
