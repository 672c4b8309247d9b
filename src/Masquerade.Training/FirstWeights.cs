using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>He's initialisation (ICCV 2015) from a generator that no other code draws from.</summary>
internal static class FirstWeights
{
    /// <summary>Draws the weights of a network's layers anew, and sets the biases of its convolutions to zero.</summary>
    /// <param name="network">The network.</param>
    /// <param name="seed">Another seed, other weights.</param>
    public static void Draw(nn.Module network, ulong seed)
    {
        using var inference = no_grad();
        foreach (var (name, parameter) in network.named_parameters())
        {
            using var scope = NewDisposeScope();
            if (name.EndsWith(".bias", StringComparison.Ordinal)) parameter.zero_();
            if (parameter.dim() < 2) continue;
            var values = new float[parameter.NumberOfElements];
            new CounterRandom((long)seed, "first weights", name).Gaussian(values, 0);
            var inputs = parameter.NumberOfElements / parameter.shape[0];
            parameter.copy_(tensor(values, parameter.shape).Times(Math.Sqrt(2.0 / inputs)));
        }
    }
}
