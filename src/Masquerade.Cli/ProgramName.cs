namespace Masquerade.Cli;

/// <summary>What the user types to start this program, so that a command it prints can be copied.</summary>
internal static class ProgramName
{
    private const string Installed = "masq";

    /// <summary><c>masq</c>, or <c>dotnet run</c> where the program was built from its source and not installed.</summary>
    /// <param name="programFolder">Where the program is.</param>
    /// <param name="currentFolder">Where the user is.</param>
    public static string Of(string programFolder, string currentFolder)
    {
        // A build is in PROJECT/bin/CONFIGURATION/FRAMEWORK.
        var configuration = new DirectoryInfo(Path.TrimEndingDirectorySeparator(programFolder)).Parent;
        if (configuration?.Parent is not { Name: "bin", Parent: { } project }) return Installed;
        if (!File.Exists(Path.Combine(project.FullName, "Masquerade.Cli.csproj"))) return Installed;
        var path = Path.GetRelativePath(currentFolder, project.FullName);
        return $"dotnet run -c {configuration.Name} --project {Quoted(path)} --";
    }

    /// <summary>A path as a shell takes it.</summary>
    public static string Quoted(string path) => path.Contains(' ') ? $"\"{path}\"" : path;
}
