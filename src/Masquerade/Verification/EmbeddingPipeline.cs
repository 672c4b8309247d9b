using System.Runtime.ExceptionServices;
using Masquerade.Imaging;
using Masquerade.Models;

namespace Masquerade.Verification;

/// <summary>How an <see cref="EmbeddingPipeline"/> works.</summary>
public sealed record EmbeddingOptions
{
    /// <summary>Images that go through the network together, at least 1.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Workers, each on a thread of its own; 0 for one a core.</summary>
    public int Workers { get; init; }

    /// <summary>Whether the first photograph that cannot be used ends the work, instead of being listed.</summary>
    public bool Strict { get; init; }
}

/// <summary>
/// Embeds many photographs, each once. Every worker decodes a batch of crops into a buffer of its own and then embeds it on its own thread:
/// nothing is handed over, no core waits for another, and memory does not grow with the number of photographs beyond their embeddings.
/// It is meant for an embedder of one thread that several may call. Batches are cut by position: the numbers of one batch size are the same
/// whatever the number of workers.
/// </summary>
public sealed class EmbeddingPipeline
{
    private readonly IFaceEmbedder _embedder;
    private readonly Func<string, FaceImage> _load;
    private readonly EmbeddingOptions _options;

    /// <param name="embedder">Safe to call from several threads; best loaded with one thread. It stays the caller's.</param>
    /// <param name="load">
    /// Gives the crop of a photograph, of the embedder's input size; called from several threads. An <see cref="InputException"/> from it
    /// makes the photograph unusable.
    /// </param>
    /// <param name="options">Batch and workers.</param>
    public EmbeddingPipeline(IFaceEmbedder embedder, Func<string, FaceImage> load, EmbeddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        ArgumentNullException.ThrowIfNull(load);
        _embedder = embedder;
        _load = load;
        _options = options ?? new EmbeddingOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Batch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(_options.Workers);
    }

    /// <summary>Embeds photographs.</summary>
    /// <param name="names">Names; one that is there again is embedded once.</param>
    /// <param name="progress">Told how many photographs of how many are done; called by one worker at a time.</param>
    /// <param name="cancellation">Ends the work between two photographs.</param>
    /// <exception cref="InputException">The network fails; or, where strict, a photograph cannot be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public EmbeddingTable Embed(IEnumerable<string> names, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        using var work = new Work(this, [.. names.Distinct(StringComparer.Ordinal)], progress, cancellation);
        return work.Run();
    }

    private sealed class Work(EmbeddingPipeline pipeline, string[] names, Action<int, int>? progress, CancellationToken cancellation)
        : IDisposable
    {
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        private readonly Lock _reporting = new();
        private readonly float[]?[] _embeddings = new float[names.Length][];
        private readonly string?[] _reasons = new string[names.Length];
        private ExceptionDispatchInfo? _failure;
        private int _taken;
        private int _done;

        public EmbeddingTable Run()
        {
            var batches = (names.Length + pipeline._options.Batch - 1) / pipeline._options.Batch;
            var wanted = pipeline._options.Workers > 0 ? pipeline._options.Workers : Environment.ProcessorCount;
            var threads = new Thread[Math.Min(wanted, batches)];
            for (var i = 0; i < threads.Length; i++)
            {
                threads[i] = new Thread(WorkOff) { IsBackground = true, Name = $"embed {i}" };
                threads[i].Start();
            }
            foreach (var thread in threads) thread.Join();
            _failure?.Throw();
            cancellation.ThrowIfCancellationRequested();
            var embeddings = new Dictionary<string, float[]>(names.Length, StringComparer.Ordinal);
            var unusable = new List<UnusablePhotograph>();
            for (var i = 0; i < names.Length; i++)
            {
                if (_embeddings[i] is { } embedding) embeddings.Add(names[i], embedding);
                else unusable.Add(new UnusablePhotograph(names[i], _reasons[i]!));
            }
            return new EmbeddingTable(embeddings, unusable);
        }

        private void WorkOff()
        {
            try
            {
                var buffers = new Buffers(pipeline._options.Batch, pipeline._embedder);
                while (!_stop.IsCancellationRequested)
                {
                    var start = Interlocked.Add(ref _taken, pipeline._options.Batch) - pipeline._options.Batch;
                    if (start >= names.Length) return;
                    EmbedBatch(start, Math.Min(pipeline._options.Batch, names.Length - start), buffers);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // Run tells the caller, with the caller's token.
            }
            catch (Exception e)
            {
                // The first failure is the caller's; it stops the other workers.
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
                _stop.Cancel();
            }
        }

        private void EmbedBatch(int start, int count, Buffers buffers)
        {
            var loaded = 0;
            for (var i = start; i < start + count; i++)
            {
                _stop.Token.ThrowIfCancellationRequested();
                try
                {
                    ImageTensors.WritePlanar(pipeline._load(names[i]), buffers.Image(loaded));
                    buffers.Owner[loaded++] = i;
                }
                catch (InputException e) when (!pipeline._options.Strict)
                {
                    _reasons[i] = e.Message;
                }
            }
            if (loaded > 0)
            {
                pipeline._embedder.Embed(buffers.Images(loaded), loaded, buffers.Embeddings(loaded));
                for (var i = 0; i < loaded; i++) _embeddings[buffers.Owner[i]] = buffers.Embedding(i).ToArray();
            }
            if (progress is null) return;
            lock (_reporting)
            {
                _done += count;
                progress(_done, names.Length);
            }
        }

        public void Dispose() => _stop.Dispose();
    }

    /// <summary>What a worker uses again for every batch.</summary>
    private sealed class Buffers(int batch, IFaceEmbedder embedder)
    {
        private readonly int _imageSize = embedder.InputSize.Values;
        private readonly int _embeddingSize = embedder.EmbeddingSize;
        private readonly float[] _images = new float[checked(batch * embedder.InputSize.Values)];
        private readonly float[] _embeddings = new float[checked(batch * embedder.EmbeddingSize)];

        /// <summary>Which photograph each image of the batch is.</summary>
        public int[] Owner { get; } = new int[batch];

        public Span<float> Image(int i) => _images.AsSpan(i * _imageSize, _imageSize);

        public ReadOnlyMemory<float> Images(int count) => _images.AsMemory(0, count * _imageSize);

        public Span<float> Embeddings(int count) => _embeddings.AsSpan(0, count * _embeddingSize);

        public ReadOnlySpan<float> Embedding(int i) => _embeddings.AsSpan(i * _embeddingSize, _embeddingSize);
    }
}
