using Masquerade.Evaluation.Datasets.Synthetic.Painting;
using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>What a stream of random numbers is for; each has its own.</summary>
internal enum Purpose : ulong { Identity = 1, Capture, Background, Hair, Skin, Noise, Pairs }

/// <summary>What is on somebody's nose.</summary>
internal enum Glasses { None, Clear, Sun }

/// <summary>What is on somebody's head.</summary>
internal enum Hat { None, Beanie, Cap }

/// <summary>How somebody was photographed: everything that differs between two photographs of a person. Angles are in radians.</summary>
internal sealed record SyntheticCapture
{
    public required float Roll { get; init; }
    public required float Yaw { get; init; }
    public required float Pitch { get; init; }
    public required float Scale { get; init; }
    public required float ShiftX { get; init; }
    public required float ShiftY { get; init; }

    public required float Smile { get; init; }
    public required float MouthOpen { get; init; }
    public required float BrowRaise { get; init; }
    public required float EyeOpenness { get; init; }
    public required float GazeX { get; init; }
    public required float GazeY { get; init; }

    /// <summary>Where the light is from: −1 left, 1 right; −1 below, 1 above.</summary>
    public required float LightX { get; init; }
    public required float LightY { get; init; }
    public required float LightStrength { get; init; }
    public required float Exposure { get; init; }
    public required float Warmth { get; init; }
    public required float Tint { get; init; }
    public required float Contrast { get; init; }

    /// <summary>An edge of shadow across the face: where (−1 to 1), its slope, and how dark; 0 for none.</summary>
    public required float ShadowAt { get; init; }
    public required float ShadowSlope { get; init; }
    public required float Shadow { get; init; }

    public required Glasses Glasses { get; init; }
    public required Hat Hat { get; init; }
    public required SKColor Accessory { get; init; }
    public required SKColor Clothes { get; init; }
    public required int Neckline { get; init; }

    public required float Blur { get; init; }
    public required float Noise { get; init; }
    public required int JpegQuality { get; init; }

    /// <summary>The photograph of a number.</summary>
    public static SyntheticCapture Draw(ulong seed, int person, int capture)
    {
        var random = SplitMix.For(seed, (ulong)person, (ulong)capture, (ulong)Purpose.Capture);
        return new SyntheticCapture
        {
            Roll = random.Around(0, 0.42f),
            Yaw = random.Around(0, 0.52f),
            Pitch = random.Around(0, 0.34f),
            Scale = random.Between(0.98f, 1.25f),
            ShiftX = random.Around(0, 14),
            ShiftY = random.Around(0, 11),
            Smile = random.Between(-0.25f, 1),
            MouthOpen = random.Chance(0.45f) ? random.Between(0.15f, 1) : 0,
            BrowRaise = random.Around(0.1f, 1),
            EyeOpenness = random.Between(0.68f, 1.15f),
            GazeX = random.Around(0, 1),
            GazeY = random.Around(0, 0.7f),
            LightX = random.Between(-1, 1),
            LightY = random.Between(-0.3f, 1),
            LightStrength = random.Between(0.3f, 1),
            Exposure = random.Between(0.68f, 1.2f),
            Warmth = random.Around(0, 0.24f),
            Tint = random.Around(0, 0.08f),
            Contrast = random.Between(0.8f, 1.18f),
            ShadowAt = random.Between(-0.6f, 0.6f),
            ShadowSlope = random.Between(-0.7f, 0.7f),
            Shadow = random.Chance(0.3f) ? random.Between(0.2f, 0.5f) : 0,
            Glasses = random.Chance(0.16f) ? Glasses.Clear : random.Chance(0.03f) ? Glasses.Sun : Glasses.None,
            Hat = random.Chance(0.05f) ? Hat.Beanie : random.Chance(0.05f) ? Hat.Cap : Hat.None,
            Accessory = Colours.FromHue(random.Between(0, 360), random.Between(0.1f, 0.6f), random.Between(0.15f, 0.6f)),
            Clothes = Colours.FromHue(random.Between(0, 360), random.Between(0.05f, 0.55f), random.Between(0.12f, 0.75f)),
            Neckline = (int)random.Below(3),
            Blur = random.Chance(0.5f) ? 0 : random.Between(0.3f, 1.1f),
            Noise = random.Between(1, 7),
            JpegQuality = 70 + (int)random.Below(26),
        };
    }
}
