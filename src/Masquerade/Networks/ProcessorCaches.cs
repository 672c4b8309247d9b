using System.Runtime.Intrinsics.X86;

namespace Masquerade.Networks;

/// <summary>What the processor tells programs of its data caches.</summary>
internal static class ProcessorCaches
{
    // "Deterministic cache parameters" of Intel's manual, and "cache topology information" of AMD's: the same fields.
    private const int IntelLeaf = 4;
    private const int AmdLeaf = unchecked((int)0x8000001D);
    private const int ExtendedLeaves = unchecked((int)0x80000000);
    private const int MostCaches = 8;

    /// <summary>Whether it tells of any data cache; true on processors that are asked in another way.</summary>
    public static bool AreReported { get; } = !X86Base.IsSupported || Tells(0, IntelLeaf) || Tells(ExtendedLeaves, AmdLeaf);

    /// <param name="range">The leaf that tells the last leaf of its range.</param>
    /// <param name="leaf">The leaf to read.</param>
    private static bool Tells(int range, int leaf)
    {
        if (unchecked((uint)X86Base.CpuId(range, 0).Eax) < unchecked((uint)leaf)) return false;
        for (var cache = 0; cache < MostCaches; cache++)
        {
            // 0: no further cache; 1: data; 2: instructions; 3: both.
            var kind = X86Base.CpuId(leaf, cache).Eax & 0x1F;
            if (kind == 0) return false;
            if (kind is 1 or 3) return true;
        }
        return false;
    }
}
