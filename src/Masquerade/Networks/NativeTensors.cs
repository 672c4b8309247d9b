using static TorchSharp.torch;

namespace Masquerade.Networks;

/// <summary>Tensors' memory, for engines that are not libtorch.</summary>
internal static class NativeTensors
{
    /// <summary>Where the values of a contiguous tensor on the CPU lie, as long as it lives.</summary>
    public static unsafe nint Address(this Tensor contiguous)
    {
        fixed (byte* start = contiguous.bytes) return (nint)start;
    }
}
