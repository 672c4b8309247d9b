using Masquerade;
using Masquerade.Bench;
using Masquerade.Networks;

OpenMpSettings.WaitPassively();

if (args.Length == 0)
{
    Console.Error.WriteLine("usage: Masquerade.Bench BENCH [--option value]…");
    Console.Error.WriteLine($"  throughput {ThroughputBench.Usage}");
    Console.Error.WriteLine($"  attacks {AttackCost.Usage}");
    Console.Error.WriteLine($"  robustness {RobustnessBench.Usage}");
    Console.Error.WriteLine($"  detection {DetectionBench.Usage}");
    Console.Error.WriteLine($"  defenses {DefenseStudy.Usage}");
    Console.Error.WriteLine($"  detectors {DetectionStudy.Usage}");
    Console.Error.WriteLine($"  transfer {TransferStudy.Usage}");
    Console.Error.WriteLine($"  synthesize {SynthesizeBench.Usage}");
    Console.Error.WriteLine($"  purifiers {PurifierBench.Usage}");
    Console.Error.WriteLine($"  restoration {RestorationBench.Usage}");
    return 2;
}
try
{
    var options = new BenchOptions(args[1..]);
    switch (args[0])
    {
        case "throughput":
            ThroughputBench.Run(options);
            break;
        case "attacks":
            AttackCost.Run(options);
            break;
        case "robustness":
            RobustnessBench.Run(options);
            break;
        case "defenses":
            DefenseStudy.Run(options);
            break;
        case "detectors":
            DetectionStudy.Run(options);
            break;
        case "transfer":
            TransferStudy.Run(options);
            break;
        case "detection":
            DetectionBench.Run(options);
            break;
        case "synthesize":
            SynthesizeBench.Run(options);
            break;
        case "purifiers":
            PurifierBench.Run(options);
            break;
        case "restoration":
            RestorationBench.Run(options);
            break;
        default:
            throw new InputException($"there is no bench '{args[0]}'; there are: throughput, attacks, robustness, detection, defenses, detectors, transfer, purifiers, restoration, synthesize");
    }
    options.RequireAllUsed();
    return 0;
}
catch (InputException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 2;
}
