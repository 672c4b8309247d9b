using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Detectors;

/// <summary>Logistic regression on few values, by Newton's method with a little ridge.</summary>
internal static class LogisticRegression
{
    private const int Rounds = 30;
    private const double Ridge = 1e-3; // on weights of standardised values
    private const double LeastCurvature = 1e-6;

    /// <summary>Fits weights.</summary>
    /// <param name="rows">float64 [n,d].</param>
    /// <param name="positive">float64 [n]: 1 for the class whose odds are wanted, else 0.</param>
    /// <returns>d weights and the bias: the logarithm of the odds is their weighted sum.</returns>
    public static (double[] Weights, double Bias) Fit(Tensor rows, Tensor positive)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var (n, d) = (rows.shape[0], (int)rows.shape[1]);
        var means = rows.mean([0]);
        var deviations = (rows - means).Squared().mean([0]).sqrt().AtLeast(1e-9);
        var x = cat([(rows - means) / deviations, ones([n, 1], ScalarType.Float64)], 1);
        // The bias is free.
        var ridge = cat([ones(d, ScalarType.Float64).Times(Ridge), zeros(1, ScalarType.Float64)]);
        var weights = zeros(d + 1, ScalarType.Float64);
        for (var round = 0; round < Rounds; round++)
        {
            var chance = x.matmul(weights).sigmoid();
            var gradient = x.t().matmul(chance - positive).Over(n).Plus(ridge * weights);
            var curvature = (chance - chance.Squared()).AtLeast(LeastCurvature).unsqueeze(1);
            var hessian = x.t().matmul(x * curvature).Over(n).Plus(diag(ridge));
            weights = weights - linalg.solve(hessian, gradient);
        }
        var scaled = weights.narrow(0, 0, d) / deviations;
        return ([.. scaled.data<double>()], (weights[d] - scaled.dot(means)).item<double>());
    }
}
