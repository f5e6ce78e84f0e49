// SPDX-License-Identifier: MIT
// NumericFormat, PairNetwork and SurrogateModel.
%copyctor SurrogatePlugin::PairNetwork;
%copyctor SurrogatePlugin::SurrogateModel;

// Structures and lists of arrays are passed as separate vectors; see the extensions below.
%ignore SurrogatePlugin::PairNetwork::LayerQuantization;
%ignore SurrogatePlugin::PairNetwork::getLayerQuantization;
%ignore SurrogatePlugin::PairNetwork::setLayerQuantization;
%ignore SurrogatePlugin::SurrogateModel::getPairFunction;
%ignore SurrogatePlugin::SurrogateModel::computeForce;
%ignore SurrogatePlugin::SurrogateModel::computeEnergy;

%include "openmmsurrogate/NumericFormat.h"
%include "openmmsurrogate/PairNetwork.h"
%include "openmmsurrogate/SurrogateModel.h"

%extend SurrogatePlugin::NumericFormat {
    static std::vector<double> _roundAll(const std::vector<double>& values, SurrogatePlugin::NumericFormat::Type format) {
        std::vector<double> result;
        for (double value : values)
            result.push_back(SurrogatePlugin::NumericFormat::round(value, format));
        return result;
    }
    static std::vector<int> _quantizeAll(const std::vector<double>& values, double scale, int zeroPoint,
                                         SurrogatePlugin::NumericFormat::Type format) {
        std::vector<int> result;
        for (double value : values)
            result.push_back(SurrogatePlugin::NumericFormat::quantize(value, scale, zeroPoint, format));
        return result;
    }
}

%extend SurrogatePlugin::PairNetwork {
    std::vector<float> _getWeightScales(int layer) const {
        return $self->getLayerQuantization(layer).weightScales;
    }
    std::vector<float> _getActivationScales(int layer) const {
        return $self->getLayerQuantization(layer).activationScales;
    }
    std::vector<int> _getActivationZeroPoints(int layer) const {
        return $self->getLayerQuantization(layer).activationZeroPoints;
    }
    void _setQuantization(int layer, const std::vector<float>& weightScales,
                              const std::vector<float>& activationScales, const std::vector<int>& activationZeroPoints) {
        $self->setLayerQuantization(layer, {weightScales, activationScales, activationZeroPoints});
    }
}

%extend SurrogatePlugin::SurrogateModel {
    std::vector<double> _computeForces(int type1, int type2, const std::vector<double>& r,
                                     SurrogatePlugin::NumericFormat::Type format) const {
        std::vector<double> result;
        for (double distance : r)
            result.push_back($self->computeForce(type1, type2, distance, format));
        return result;
    }
    std::vector<double> _computeEnergies(int type1, int type2, const std::vector<double>& r,
                                      SurrogatePlugin::NumericFormat::Type format) const {
        std::vector<double> result;
        for (double distance : r)
            result.push_back($self->computeEnergy(type1, type2, distance, format));
        return result;
    }
}
