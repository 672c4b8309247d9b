using System.Collections.Concurrent;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public sealed class EmbeddingPipelineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(i => $"photo-{i:D3}")];

    private static FaceImage Image(string name)
    {
        var number = int.Parse(name.AsSpan(name.Length - 3), null);
        return ColourEmbedder.Plain((byte)(number + 1), (byte)(2 * number % 251), (byte)(7 * number % 241));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(3, 2)]
    [InlineData(32, 3)]
    [InlineData(7, 64)]
    public void Every_photograph_is_loaded_and_embedded_once_and_gets_its_own_embedding(int batch, int workers)
    {
        using var embedder = new ColourEmbedder();
        var loaded = new ConcurrentBag<string>();
        var pipeline = new EmbeddingPipeline(embedder, Load, new EmbeddingOptions { Batch = batch, Workers = workers });
        var names = Names(50);
        var table = pipeline.Embed(names.Concat(names.Reverse()), null, Token);
        table.Count.ShouldBe(50);
        table.Unusable.ShouldBeEmpty();
        loaded.Order().ShouldBe(names);
        embedder.Images.ShouldBe(50);
        foreach (var name in names)
        {
            var image = Image(name);
            var length = Math.Sqrt(image.Pixels[..3].Sum(v => v * v));
            table.TryGet(name, out var embedding).ShouldBeTrue();
            for (var c = 0; c < 3; c++) embedding[c].ShouldBe((float)(image.Pixels[c] / length), 1e-6f);
        }
        table.TryGet("another", out _).ShouldBeFalse();

        FaceImage Load(string name)
        {
            loaded.Add(name);
            return Image(name);
        }
    }

    [Fact]
    public void Batches_are_full_and_no_more_images_are_held_than_the_workers_batches()
    {
        var (held, most) = (0, 0);
        var batches = new ConcurrentBag<int>();
        using var embedder = new ColourEmbedder
        {
            OnEmbed = count =>
            {
                batches.Add(count);
                Interlocked.Add(ref held, -count);
            },
        };
        var pipeline = new EmbeddingPipeline(embedder, Load, new EmbeddingOptions { Batch = 8, Workers = 3 });
        pipeline.Embed(Names(201), null, Token);
        batches.Count(b => b == 8).ShouldBe(25);
        batches.Count(b => b == 1).ShouldBe(1);
        most.ShouldBeLessThanOrEqualTo(24);

        FaceImage Load(string name)
        {
            var now = Interlocked.Increment(ref held);
            for (var seen = most; now > seen && Interlocked.CompareExchange(ref most, now, seen) != seen; seen = most) { }
            return Image(name);
        }
    }

    [Fact]
    public void Workers_load_at_the_same_time()
    {
        using var embedder = new ColourEmbedder();
        using var together = new Barrier(2);
        // Each worker's first photograph waits for the other's: with one thread this would time out.
        var met = 0;
        var pipeline = new EmbeddingPipeline(embedder, Load, new EmbeddingOptions { Batch = 5, Workers = 2 });
        pipeline.Embed(Names(10), null, Token).Count.ShouldBe(10);
        met.ShouldBe(2);

        FaceImage Load(string name)
        {
            var isFirst = name is "photo-000" or "photo-005";
            if (isFirst && together.SignalAndWait(TimeSpan.FromMinutes(1), Token)) Interlocked.Increment(ref met);
            return Image(name);
        }
    }

    [Fact]
    public void Photographs_that_cannot_be_used_are_listed_in_order_and_the_others_are_embedded()
    {
        using var embedder = new ColourEmbedder();
        var pipeline = new EmbeddingPipeline(embedder, Load, new EmbeddingOptions { Batch = 4, Workers = 2 });
        var table = pipeline.Embed(Names(30), null, Token);
        table.Unusable.Select(u => u.Name).ShouldBe(Names(30).Where(IsBad));
        table.Unusable[0].Reason.ShouldBe("photo-009.jpg: the image is cut off");
        table.Count.ShouldBe(22);
        embedder.Images.ShouldBe(22);
        table.TryGet("photo-009", out _).ShouldBeFalse();
        table.TryGet("photo-010", out _).ShouldBeTrue();

        static bool IsBad(string name) => name.EndsWith('9') || string.CompareOrdinal(name, "photo-024") >= 0;
        static FaceImage Load(string name) => IsBad(name) ? throw new InputException($"{name}.jpg: the image is cut off") : Image(name);
    }

    [Fact]
    public void Nothing_but_unusable_photographs_is_an_empty_table()
    {
        using var embedder = new ColourEmbedder();
        var table = new EmbeddingPipeline(embedder, name => throw new InputException(name)).Embed(Names(40), null, Token);
        (table.Count, table.Unusable.Count, embedder.Images).ShouldBe((0, 40, 0));
        new EmbeddingPipeline(embedder, Image).Embed([], null, Token).Count.ShouldBe(0);
    }

    [Fact]
    public void Strict_ends_at_a_photograph_that_cannot_be_used()
    {
        using var embedder = new ColourEmbedder();
        var pipeline = new EmbeddingPipeline(embedder, Load, new EmbeddingOptions { Batch = 4, Workers = 2, Strict = true });
        Should.Throw<InputException>(() => pipeline.Embed(Names(1000), null, Token)).Message.ShouldBe("photo-003: cut off");
        embedder.Images.ShouldBeLessThan(996);

        static FaceImage Load(string name) => name == "photo-003" ? throw new InputException("photo-003: cut off") : Image(name);
    }

    [Fact]
    public void A_failing_network_ends_the_work_with_its_own_error()
    {
        using var embedder = new ColourEmbedder { OnEmbed = _ => throw new InputException("net.onnx: the network is damaged") };
        Should.Throw<InputException>(() => new EmbeddingPipeline(embedder, Image).Embed(Names(100), null, Token))
            .Message.ShouldBe("net.onnx: the network is damaged");
        using var defective = new ColourEmbedder { OnEmbed = _ => throw new InvalidOperationException("defect") };
        Should.Throw<InvalidOperationException>(() => new EmbeddingPipeline(defective, Image).Embed(Names(100), null, Token));
    }

    [Fact]
    public void Cancelling_ends_the_work()
    {
        using var embedder = new ColourEmbedder();
        using var cancellation = new CancellationTokenSource();
        var pipeline = new EmbeddingPipeline(embedder, Load, new EmbeddingOptions { Batch = 10, Workers = 2 });
        Should.Throw<OperationCanceledException>(() => pipeline.Embed(Names(1000), null, cancellation.Token))
            .CancellationToken.ShouldBe(cancellation.Token);
        embedder.Images.ShouldBeLessThan(1000);

        FaceImage Load(string name)
        {
            if (name == "photo-055") cancellation.Cancel();
            return Image(name);
        }
    }

    [Fact]
    public void Progress_grows_to_the_whole_and_counts_unusable_photographs()
    {
        using var embedder = new ColourEmbedder();
        var pipeline = new EmbeddingPipeline(embedder, name => name.EndsWith('7') ? throw new InputException(name) : Image(name),
            new EmbeddingOptions { Batch = 3, Workers = 4 });
        var reports = new List<(int Done, int Total)>();
        pipeline.Embed(Names(100), (done, total) => reports.Add((done, total)), Token);
        reports.Count.ShouldBe(34);
        reports.ShouldAllBe(r => r.Total == 100);
        reports.Select(r => r.Done).ShouldBeInOrder();
        reports[^1].Done.ShouldBe(100);
    }
}
