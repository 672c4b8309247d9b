using System.Buffers.Binary;
using Masquerade.Evaluation.Remote;

namespace Masquerade.Evaluation.Tests.Remote;

/// <summary>Images, settings and keys for tests of services.</summary>
internal static class RemoteFixture
{
    public const string AwsId = "AKIDTESTONLY0001";
    public const string AwsSecret = "aws/secret+not/for/anyone0123456789==";
    public const string AwsToken = "aws-session-token-\"quoted\"/+==";
    public const string AzureKey = "azure0key0not0for0anyone01234567";
    public const string HttpKey = "http-key&not=for/anyone";

    /// <summary>An image that no other number gives.</summary>
    public static RemoteImage Image(int number, int side = 112)
    {
        var png = new byte[64];
        ReadOnlySpan<byte> begin = [0x89, .. "PNG\r\n\u001A\n"u8, 0, 0, 0, 13, .. "IHDR"u8];
        begin.CopyTo(png);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), side);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), side);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(40), number);
        return RemoteImage.Of(png);
    }

    /// <summary>Settings with a hurried clock; a time-out is over when a test says so.</summary>
    public static RemoteSettings Settings(HurriedClock clock, params (string Name, string Value)[] variables) => new()
    {
        Clock = clock,
        Timeout = HurriedClock.Stall,
        Jitter = () => 0.5,
        // The clock stands still, so that waits for a place add up.
        CallsPerSecond = 1e5,
        Variable = name => variables.Where(v => v.Name == name).Select(v => v.Value).FirstOrDefault(),
    };

    /// <summary>Settings of a stand-in of Rekognition.</summary>
    public static RemoteSettings Rekognition(HurriedClock clock, string url, string secret = AwsSecret) => Settings(clock,
        ("AWS_ACCESS_KEY_ID", AwsId), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_SESSION_TOKEN", AwsToken), ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_REKOGNITION", url));

    /// <summary>Settings of a stand-in of Azure Face.</summary>
    public static RemoteSettings Azure(HurriedClock clock, string url, string key = AzureKey) =>
        Settings(clock, ("AZURE_FACE_KEY", key), ("AZURE_FACE_ENDPOINT", url));

    /// <summary>The stand-in itself.</summary>
    public static RekognitionService StandInOfRekognition(HurriedClock clock) =>
        new(AwsId, AwsSecret, AwsToken, "eu-west-1", clock.GetUtcNow);

    /// <summary>Opens a service, asks about one pair, and closes it.</summary>
    public static async Task<RemoteAnswer> AskOnceAsync(string target, RemoteSettings settings, RemoteImage probe, RemoteImage reference)
    {
        var verifier = RemoteVerifiers.Open(target, settings);
        using var closing = verifier as IDisposable;
        return await verifier.CompareAsync(probe, reference, TestContext.Current.CancellationToken);
    }

    /// <summary>Waits for something, and ends time-outs of requests that a server leaves hanging.</summary>
    public static async Task<T> EndingTimeouts<T>(Task<T> task, ServiceServer server, HurriedClock clock)
    {
        while (!task.IsCompleted)
        {
            if (server.TakeHanging()) clock.Expire();
            await Task.WhenAny(task, Task.Delay(5, TestContext.Current.CancellationToken));
        }
        return await task;
    }
}

/// <summary>Answers in memory.</summary>
internal sealed class MemoryAnswers : IRemoteAnswers
{
    public Dictionary<string, RemoteAnswer> Kept { get; } = [];

    public RemoteAnswer? Find(string service, string key) => Kept.GetValueOrDefault($"{service} {key}");

    public void Keep(string service, string key, RemoteAnswer answer) => Kept.Add($"{service} {key}", answer);
}
