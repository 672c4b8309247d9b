using System.Text;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>Writes a recording, exchange by exchange: each is on disk before the next call, so that <c>kill -9</c> loses none.</summary>
internal sealed class CassetteRecorder : IDisposable
{
    private readonly FileStream _file;
    private readonly string _path;
    private readonly Lock _lock = new();

    private CassetteRecorder(FileStream file, string path) => (_file, _path) = (file, path);

    /// <summary>Begins a recording, or goes on with one.</summary>
    /// <exception cref="InputException">It cannot be written, or there is the recording of another service.</exception>
    public static CassetteRecorder Open(string folder, string service, string endpoint)
    {
        var path = Cassette.PathOf(folder, service);
        OutputFile.CreateFolderOf(path);
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            CutTornLine(file);
            var recorder = new CassetteRecorder(file, path);
            if (file.Length == 0) recorder.Append(Cassette.FirstLine(service, endpoint));
            else CheckFirstLine(file, path, Cassette.FirstLine(service, endpoint));
            file.Seek(0, SeekOrigin.End);
            return recorder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw Unwritable(path, e);
        }
        catch (InputException)
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Records an exchange.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(RemoteCall call, RemoteReply reply, SecretSet secrets)
    {
        var line = Cassette.Line(call, reply, secrets);
        lock (_lock)
        {
            try
            {
                Append(line);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Unwritable(_path, e);
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private void Append(string line)
    {
        _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Removes a last line that was not written to its end.</summary>
    private static void CutTornLine(FileStream file)
    {
        var end = file.Length;
        for (; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.ReadByte() == '\n') break;
        }
        file.SetLength(end);
        file.Position = end;
    }

    private static void CheckFirstLine(FileStream file, string path, string expected)
    {
        file.Position = 0;
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        var first = reader.ReadLine();
        if (first != expected) throw new InputException($"{path}: is the recording of another service or address; name another folder");
    }

    private static InputException Unwritable(string path, Exception e) => new(
        $"{path}: cannot be written ({InputFile.OneLine(e.Message)}); free space, name another folder, or wait for who is recording there",
        e);
}
