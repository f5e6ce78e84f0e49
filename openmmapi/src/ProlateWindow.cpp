// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ProlateWindow.h"
#include "openmmsurrogate/internal/ProlateFunction.h"
#include "openmmsurrogate/internal/Units.h"
#include <cmath>

using namespace SurrogatePlugin;
using std::vector;

namespace {

/** Get points of [-1/2, 1/2], ends included, in which interpolation is close to the best polynomial. */
vector<double> makeNodes(int degree) {
    vector<double> nodes;
    for (int i = 0; i <= degree; i++)
        nodes.push_back(0.5 * std::sin(pi * (2 * i - degree) / (2 * degree)));
    return nodes;
}

/** Get the polynomial through points, coefficients in ascending powers (Newton's divided differences). */
vector<double> interpolate(const vector<double>& nodes, vector<double> values) {
    const int size = (int) nodes.size();
    for (int order = 1; order < size; order++)
        for (int i = size - 1; i >= order; i--)
            values[i] = (values[i] - values[i - 1]) / (nodes[i] - nodes[i - order]);
    vector<double> polynomial(size, 0.0);
    for (int i = size - 1; i >= 0; i--) { // Horner's rule: times (t - node), plus the next difference
        for (int power = size - 1; power > 0; power--)
            polynomial[power] = polynomial[power - 1] - nodes[i] * polynomial[power];
        polynomial[0] = values[i] - nodes[i] * polynomial[0];
    }
    return polynomial;
}

} // namespace

MeshWindow SurrogatePlugin::makeProlateWindow(int order, double width, int degree) {
    const ProlateFunction psi(0.5 * pi * order * width);
    const double edge = psi.getValue(1), area = psi.getIntegral() - edge; // the area of one half, for x from 0 to 1
    const vector<double> nodes = makeNodes(degree);
    vector<vector<double> > pieces(order);
    for (int j = 0; j < order; j++) {
        // The weight w_j(f) is that at a distance of f + order-1-j - order/2 grid points, as for B-splines.
        vector<double> values;
        for (double t : nodes)
            values.push_back((psi.getValue((2 * (t + 0.5 + order - 1 - j) - order) / order) - edge) / (area * order));
        pieces[j] = interpolate(nodes, values);
    }
    for (int j = 0; j < order; j++) // the mirror image: w_j(f) = w_{order-1-j}(1-f)
        for (int power = 0; power <= degree; power++) {
            const double sign = power % 2 == 0 ? 1 : -1;
            const double mean = 0.5 * (pieces[j][power] + sign * pieces[order - 1 - j][power]);
            pieces[j][power] = mean;
            pieces[order - 1 - j][power] = sign * mean;
        }
    return MeshWindow(pieces, [=](double y) {
        const double w = pi * y * order, uniform = w == 0 ? 1 : std::sin(w) / w;
        return (psi.getIntegral() * psi.getTransform(w) - edge * uniform) / area;
    });
}
