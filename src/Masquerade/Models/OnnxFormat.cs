using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Preparation;

namespace Masquerade.Models;

/// <summary>The format <c>onnx</c>: ONNX Runtime embeds and, where gradients are asked for, TorchSharp differentiates.</summary>
internal static class OnnxFormat
{
    /// <inheritdoc cref="ModelFormat.Start"/>
    public static StartedNetwork Start(ModelDescriptor descriptor, int threads, bool gradients)
    {
        var normalisation = new PixelNormalisation(
            descriptor.Mean, descriptor.Std, descriptor.Bgr, descriptor.ChannelsLast, descriptor.PerImageStandardise,
            descriptor.FlipAverage);
        var (forward, prepared) = OnnxEmbedder.Create(
            OnnxModelFile.Read(descriptor.File), normalisation, descriptor.InputSize, threads, descriptor.File,
            descriptor.InputName, descriptor.Output);
        if (!gradients) return new StartedNetwork(forward);
        try
        {
            var both = new TwoEngineEmbedder(forward, OnnxTorchNetwork.Import(prepared, descriptor.File));
            if (both.MaxAbsDifference <= TwoEngineEmbedder.Tolerance) return new StartedNetwork(both);
            throw new InputException(
                $"{descriptor.File}: ONNX Runtime and TorchSharp disagree by {both.MaxAbsDifference:G3} on a probe batch "
                + $"(at most {TwoEngineEmbedder.Tolerance:G1}); please report this network");
        }
        catch (OperatorNotSupportedException e)
        {
            return new StartedNetwork(forward, e.Message);
        }
        catch
        {
            forward.Dispose();
            throw;
        }
    }
}
