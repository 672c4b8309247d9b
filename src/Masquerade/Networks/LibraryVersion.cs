using System.Reflection;

namespace Masquerade.Networks;

/// <summary>Versions of what this program is made of.</summary>
internal static class LibraryVersion
{
    /// <summary>The version that a library's makers gave it, without a commit.</summary>
    public static string Of(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? assembly.GetName().Version?.ToString() ?? "unknown";

    /// <summary>The version of the assembly that a type lives in.</summary>
    public static string Of<T>() => Of(typeof(T).Assembly);
}
