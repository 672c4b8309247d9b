namespace Masquerade.Networks.Onnx.Preparation;

/// <summary>How a network wants its pixels. Images come as RGB in [0,1], planar; the rest happens inside the network.</summary>
/// <param name="Mean">What is subtracted from a pixel in 0–255: one value, or three in the network's channel order.</param>
/// <param name="Std">What it is divided by then: one value or three, independently of the mean.</param>
/// <param name="Bgr">Whether the network's first channel is blue.</param>
/// <param name="ChannelsLast">Whether the network takes [N,H,W,3].</param>
/// <param name="StandardisePerImage">
/// Whether each image is standardised on its own instead: minus its mean, over its standard deviation but at least 1/√values.
/// </param>
/// <param name="FlipAverage">Whether the embedding is the mean of the image's and its mirror image's.</param>
internal sealed record PixelNormalisation(
    IReadOnlyList<float> Mean, IReadOnlyList<float> Std, bool Bgr = false, bool ChannelsLast = false,
    bool StandardisePerImage = false, bool FlipAverage = false);
