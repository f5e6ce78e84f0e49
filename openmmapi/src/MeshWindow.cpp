// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/MeshWindow.h"
#include "openmmsurrogate/internal/Units.h"
#include <cmath>

using namespace SurrogatePlugin;
using std::vector;

namespace {

/** Get the product of a polynomial with a + b t, coefficients in ascending powers of t. */
vector<double> multiplyByLinear(const vector<double>& polynomial, double a, double b) {
    vector<double> product(polynomial.size() + 1, 0.0);
    for (size_t i = 0; i < polynomial.size(); i++) {
        product[i] += a * polynomial[i];
        product[i + 1] += b * polynomial[i];
    }
    return product;
}

} // namespace

MeshWindow::MeshWindow(const vector<vector<double> >& coefficients, const std::function<double(double)>& transform)
    : order((int) coefficients.size()), degree((int) coefficients[0].size() - 1), transform(transform) {
    for (int power = degree; power >= 0; power--)
        for (int j = 0; j < order; j++)
            this->coefficients.push_back(coefficients[j][power]);
}

MeshWindow SurrogatePlugin::makeBSplineWindow(int order) {
    // w_j(f) = M_n(f + n-1-j), by the recursion M_n(x) = (x M_{n-1}(x) + (n-x) M_{n-1}(x-1)) / (n-1), in powers of t =
    // f - 1/2.
    vector<vector<double> > pieces = {{1.0}};
    for (int n = 2; n <= order; n++) {
        vector<vector<double> > next(n, vector<double>(n, 0.0));
        for (int j = 0; j < n; j++) {
            const double offset = n - 1 - j + 0.5; // x = t + offset
            if (j > 0) {                           // M_{n-1}(x) = w_{j-1} of order n-1
                const vector<double> product = multiplyByLinear(pieces[j - 1], offset, 1);
                for (int i = 0; i < n; i++)
                    next[j][i] += product[i] / (n - 1);
            }
            if (j < n - 1) { // M_{n-1}(x-1) = w_j of order n-1
                const vector<double> product = multiplyByLinear(pieces[j], n - offset, -1);
                for (int i = 0; i < n; i++)
                    next[j][i] += product[i] / (n - 1);
            }
        }
        pieces.swap(next);
    }
    return MeshWindow(pieces, [order](double y) {
        const double x = pi * y;
        return x == 0 ? 1.0 : std::pow(std::sin(x) / x, order);
    });
}

vector<double> SurrogatePlugin::computeSquaredTransform(const MeshWindow& window, int numPoints) {
    vector<double> squares;
    for (int m = 0; m < numPoints; m++) {
        const int wave = 2 * m <= numPoints ? m : m - numPoints;
        const double transform = window.getTransform((double) wave / numPoints);
        squares.push_back(transform * transform);
    }
    return squares;
}
