using System.Diagnostics;
using Masquerade.Networks;
using Masquerade.Networks.Native;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Preparation;
using static TorchSharp.torch;

namespace Masquerade.Models.Diagnosis;

/// <summary>Whether the engines load, and how fast they are on a small network.</summary>
/// <param name="OnnxRuntimeProblem">Why ONNX Runtime does not work, in one line; null where it does.</param>
/// <param name="TorchProblem">Why TorchSharp does not work, in one line; null where it does.</param>
/// <param name="Forwards">Images a second through ONNX Runtime; null where it does not work.</param>
/// <param name="Gradients">Images a second differentiated by TorchSharp; null where it does not work.</param>
/// <param name="MaxAbsDifference">Largest difference between the engines' unit embeddings; null unless both work.</param>
internal sealed record EngineCheck(
    string? OnnxRuntimeProblem, string? TorchProblem, double? Forwards, double? Gradients, float? MaxAbsDifference)
{
    private const string Source = "the probe network";
    private const int ForwardBatch = 32;
    private const int GradientBatch = 8;
    private static readonly TimeSpan EnoughTime = TimeSpan.FromSeconds(0.4);

    /// <summary>Whether both engines work.</summary>
    public bool AllWork => OnnxRuntimeProblem is null && TorchProblem is null;

    /// <summary>Tries the engines; takes about a second. Whatever goes wrong is in the result.</summary>
    /// <param name="threads">Threads of each engine.</param>
    public static EngineCheck Run(int threads)
    {
        var prepared = OnnxPreparation.Prepare(
            ProbeNetwork.Create(), new PixelNormalisation([127.5f], [128f], false, false, false, false), ProbeNetwork.Size, Source,
            null, null);
        OnnxEmbedder? forward = null;
        OnnxTorchNetwork? gradient = null;
        double? forwards = null, gradients = null;
        var onnxRuntime = Problem(() =>
        {
            forward = new OnnxEmbedder(prepared, ProbeNetwork.Size, threads, Source);
            forwards = Forward(forward);
        }, "onnxruntime");
        var torch = Problem(() =>
        {
            set_num_threads(threads);
            gradient = OnnxTorchNetwork.Import(prepared, Source);
            gradients = Gradient(gradient);
        }, "torch", "LibTorchSharp");
        if (forward is not null && gradient is not null)
        {
            using var both = new TwoEngineEmbedder(forward, gradient);
            return new EngineCheck(onnxRuntime, torch, forwards, gradients, both.MaxAbsDifference);
        }
        forward?.Dispose();
        gradient?.Dispose();
        return new EngineCheck(onnxRuntime, torch, forwards, gradients, null);
    }

    /// <summary>Why something does not work, in one line; null where it does.</summary>
    /// <param name="use">Uses it.</param>
    /// <param name="libraries">
    /// Native libraries that must load first. TorchSharp, where it finds none, prints a page, and copies libtorch out of the package cache.
    /// </param>
    internal static string? Problem(Action use, params string[] libraries)
    {
        foreach (var library in libraries)
        {
            if (NativeLibraries.Problem(NativeLibraries.FileName(library)) is { } problem) return problem;
        }
        try
        {
            use();
            return null;
        }
        catch (Exception e)
        {
            while (e is { InnerException: { } inner }) e = inner;
            return $"{e.GetType().Name}: {e.Message.Split('\n')[0].Trim()}";
        }
    }

    private static double Forward(OnnxEmbedder embedder)
    {
        var images = ProbeImages.Create(ProbeNetwork.Size, ForwardBatch);
        var embeddings = new float[ForwardBatch * embedder.EmbeddingSize];
        return ImagesPerSecond(ForwardBatch, () => embedder.Embed(images, ForwardBatch, embeddings));
    }

    private static double Gradient(OnnxTorchNetwork network)
    {
        var images = ProbeImages.Create(ProbeNetwork.Size, GradientBatch);
        return ImagesPerSecond(GradientBatch, () =>
        {
            using var scope = NewDisposeScope();
            var input = tensor(images, [GradientBatch, 3, ProbeNetwork.Size.Height, ProbeNetwork.Size.Width]).requires_grad_();
            autograd.grad([network.Forward(input).sum()], [input]);
        });
    }

    private static double ImagesPerSecond(int batch, Action run)
    {
        // The first one plans and compiles.
        run();
        var watch = Stopwatch.StartNew();
        var images = 0;
        for (; watch.Elapsed < EnoughTime; images += batch) run();
        return images / watch.Elapsed.TotalSeconds;
    }
}
