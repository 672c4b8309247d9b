namespace Masquerade.Training;

/// <summary>The folder that a training writes: a checkpoint to go on from, and a journal to read.</summary>
internal sealed class TrainingFolder
{
    private const string CheckpointName = "checkpoint.safetensors";

    private readonly string _path;

    private TrainingFolder(string path, bool resumes) => (_path, Resumes) = (path, resumes);

    /// <summary>Whether a training goes on here.</summary>
    public bool Resumes { get; }

    /// <summary>Path of the checkpoint.</summary>
    public string Checkpoint => Path.Combine(_path, CheckpointName);

    /// <summary>A folder for a new training; nothing is written yet.</summary>
    /// <exception cref="InputException">It holds a training, or is no folder.</exception>
    public static TrainingFolder Begin(string path)
    {
        var folder = new TrainingFolder(path, resumes: false);
        if (string.IsNullOrWhiteSpace(path)) throw new InputException("no folder is named: an empty path");
        if (File.Exists(path)) throw new InputException($"{path}: is a file; name a folder to write");
        return !File.Exists(folder.Checkpoint) ? folder
            : throw new InputException($"{path}: holds a training already; go on with it by --resume, or name another folder");
    }

    /// <summary>The folder of a training that goes on.</summary>
    /// <exception cref="InputException">It holds none.</exception>
    public static TrainingFolder Resume(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var folder = new TrainingFolder(path, resumes: true);
        return File.Exists(folder.Checkpoint) ? folder
            : throw new InputException($"{path}: holds no training ({CheckpointName} is not there); begin one with --out");
    }

    /// <summary>A file in it.</summary>
    public string this[string name] => Path.Combine(_path, name);

    /// <summary>What a training is told in its journal of the crops that it learns from.</summary>
    /// <param name="faces">All of them.</param>
    /// <param name="before">What its journal says of them.</param>
    /// <exception cref="InputException">A training goes on, but with others.</exception>
    public string Fingerprint(TrainingFaces faces, string before)
    {
        var fingerprint = faces.Fingerprint();
        if (!Resumes || fingerprint == before) return fingerprint;
        throw new InputException(
            $"{faces.Source}: is not what the training in {_path} began with; put the photographs back or begin anew");
    }

    /// <summary>Makes it.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public void Create() => OutputFile.CreateFolderOf(Checkpoint);

    /// <summary>Writes the journal for people to read.</summary>
    /// <param name="journal">JSON.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void WriteJournal(byte[] journal) => OutputFile.Write(this["training.json"], journal);

    /// <inheritdoc/>
    public override string ToString() => _path;
}
