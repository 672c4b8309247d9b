namespace Masquerade.Models;

/// <summary>
/// The format <c>inception-resnet-v1</c>: facenet-pytorch's checkpoint or FaceNet's frozen graph, run and differentiated by TorchSharp.
/// </summary>
internal static class InceptionResnetV1Format
{
    /// <inheritdoc cref="ModelFormat.Start"/>
    public static StartedNetwork Start(ModelDescriptor descriptor, int threads, bool gradients)
    {
        if (descriptor.Bgr || descriptor.ChannelsLast || descriptor.PerImageStandardise || descriptor.FlipAverage)
            throw new InputException(
                $"{descriptor.File}: channels, layout, perImageStandardise and flipAverage are for ONNX networks; "
                + "an inception-resnet-v1 takes mean and std");
        return new StartedNetwork(InceptionResnetV1.Load(descriptor.File, descriptor.Mean, descriptor.Std));
    }
}
