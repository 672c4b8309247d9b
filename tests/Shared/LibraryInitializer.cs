using System.Runtime.CompilerServices;

namespace Masquerade.Testing;

/// <summary>The library prepares the process for native libraries; tests may call these before they call the library.</summary>
internal static class LibraryInitializer
{
    [ModuleInitializer]
    internal static void Run() => RuntimeHelpers.RunModuleConstructor(typeof(InputException).Module.ModuleHandle);
}
