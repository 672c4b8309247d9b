namespace Masquerade.Networks;

/// <summary>How libtorch's OpenMP threads wait for work.</summary>
public static class OpenMpSettings
{
    private const string WaitPolicy = "OMP_WAIT_POLICY";

    /// <summary>
    /// Lets them sleep instead of spin, unless the user's environment says otherwise. Spinning threads take the cores from ONNX Runtime
    /// between two gradients and from everything else on a shared machine: there a gradient took four times as long. Call it first thing
    /// in a process: libgomp reads the setting when libtorch is loaded. Does nothing but on Linux.
    /// </summary>
    public static void WaitPassively()
    {
        if (OperatingSystem.IsLinux()) NativeEnvironment.Set(WaitPolicy, "passive", overwrite: false);
    }
}
