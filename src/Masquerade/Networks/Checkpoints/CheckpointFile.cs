namespace Masquerade.Networks.Checkpoints;

/// <summary>Opens files of weights and turns what can go wrong while reading into one-line errors.</summary>
internal static class CheckpointFile
{
    public static T Read<T>(string path, Func<BoundedReader, FileStream, T> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return read(new BoundedReader(new CheckpointSource(path, stream.Length), stream, stream.Length), stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such file", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{path}: a folder, or a file that may not be read", e);
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{path}: the archive is damaged or cut short; fetch it again", e);
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: it could not be read to its end; check the disk or fetch it again", e);
        }
    }
}
