namespace Masquerade.Evaluation.Assets.Archives;

/// <summary>
/// Counts what comes out of an archive, and ends it where it is too much. What the archive says of its sizes is not believed.
/// </summary>
/// <param name="archive">Its path, for messages.</param>
/// <param name="limits">What is allowed.</param>
internal sealed class UnpackBudget(string archive, UnpackLimits limits)
{
    private readonly double _ratioBytes = new FileInfo(archive).Length * limits.Ratio;
    private long _bytes;
    private int _entries;

    /// <summary>Counts a file or a folder.</summary>
    /// <exception cref="InputException">One too many.</exception>
    public void CountEntry()
    {
        if (++_entries > limits.Files) throw Refused($"more than {limits.Files:N0} files and folders come out of it");
    }

    /// <summary>Counts unpacked bytes.</summary>
    /// <exception cref="InputException">Too many.</exception>
    public void CountBytes(int count)
    {
        _bytes += count;
        if (_bytes > limits.Bytes) throw Refused($"more than {limits.Bytes:N0} bytes come out of it");
        if (_bytes > _ratioBytes) throw Refused($"more than {limits.Ratio:N0} bytes come out of each of its own");
    }

    /// <summary>An archive that is not unpacked, and why.</summary>
    public InputException Refused(string why) => new($"{archive}: not unpacked: {why}");
}

/// <summary>The unpacked side of an archive; every byte that is read is counted.</summary>
internal sealed class CountedStream(Stream inner, UnpackBudget budget) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        budget.CountBytes(read);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
