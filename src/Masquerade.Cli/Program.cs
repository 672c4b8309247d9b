using System.Runtime.InteropServices;
using Masquerade.Cli;
using Masquerade.Networks;

OpenMpSettings.WaitPassively();

// The first signal ends the work in good order; the second is left to the system, which ends the process.
using var cancellation = new CancellationTokenSource();
void Cancel(PosixSignalContext signal)
{
    if (cancellation.IsCancellationRequested) return;
    signal.Cancel = true;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
return await MasqApp.RunAsync(args, CommandHost.System(), cancellation.Token);
