using Masquerade.Evaluation.Datasets.Synthetic.Painting;
using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>How somebody wears their hair.</summary>
internal enum HairStyle { Bald, Buzz, Short, SidePart, Quiff, Curly, Afro, Bob, Long, Wavy, Fringe, Bun }

/// <summary>What grows on a chin.</summary>
internal enum FacialHair { None, Stubble, Moustache, Goatee, Beard }

/// <summary>A spot on a face, in face units.</summary>
internal readonly record struct Mole(float X, float Y, float Radius);

/// <summary>
/// Who somebody is: everything about a face that stays the same from photograph to photograph. Lengths are in face units, the pixels of a
/// photograph at scale 1; the origin is between eyes and mouth, y goes down; the eyes are at y = −14, a head is about 100 wide.
/// </summary>
internal sealed record SyntheticIdentity
{
    // Half widths of the head from top to chin, and where it ends.
    public required float HeadWidth { get; init; }
    public required float CheekWidth { get; init; }
    public required float JawWidth { get; init; }
    public required float JawHeight { get; init; }
    public required float ChinWidth { get; init; }
    public required float ChinHeight { get; init; }
    public required float Top { get; init; }
    public required float Hairline { get; init; }

    public required SKColor Skin { get; init; }
    public required float Blush { get; init; }
    public required float Age { get; init; }
    public required int Freckles { get; init; }
    public required IReadOnlyList<Mole> Moles { get; init; }

    public required float EyeSpacing { get; init; }
    public required float EyeHeight { get; init; }
    public required float EyeWidth { get; init; }
    public required float EyeOpening { get; init; }
    public required float EyeTilt { get; init; }
    public required float Lid { get; init; }
    public required float IrisSize { get; init; }
    public required SKColor Iris { get; init; }
    public required float Lashes { get; init; }

    public required float BrowThickness { get; init; }
    public required float BrowArch { get; init; }
    public required float BrowGap { get; init; }
    public required float BrowLength { get; init; }
    public required float BrowTilt { get; init; }
    public required SKColor Brow { get; init; }

    public required float NoseLength { get; init; }
    public required float NoseWidth { get; init; }
    public required float NoseBridge { get; init; }
    public required float NoseTip { get; init; }
    public required float NoseDepth { get; init; }

    public required float MouthHeight { get; init; }
    public required float MouthWidth { get; init; }
    public required float UpperLip { get; init; }
    public required float LowerLip { get; init; }
    public required float CupidsBow { get; init; }
    public required SKColor Lips { get; init; }

    public required float EarSize { get; init; }
    public required float EarOut { get; init; }

    public required HairStyle HairStyle { get; init; }
    public required SKColor Hair { get; init; }
    public required float HairVolume { get; init; }
    public required float HairLength { get; init; }
    public required float Parting { get; init; }
    public required FacialHair FacialHair { get; init; }

    /// <summary>The person of a number.</summary>
    public static SyntheticIdentity Draw(ulong seed, int person)
    {
        var random = SplitMix.For(seed, (ulong)person, 0, (ulong)Purpose.Identity);
        var male = random.Chance(0.5f);
        var (m, age) = (male ? 1f : 0f, random.Between(0, 1));
        var (skin, dark) = DrawSkin(random);
        var hair = DrawHair(random, dark, age);
        var style = male
            ? random.Pick(HairStyle.Bald, HairStyle.Buzz, HairStyle.Short, HairStyle.Short, HairStyle.SidePart, HairStyle.SidePart,
                HairStyle.Quiff, HairStyle.Curly, HairStyle.Afro, HairStyle.Fringe, HairStyle.Wavy)
            : random.Pick(HairStyle.Bob, HairStyle.Bob, HairStyle.Long, HairStyle.Long, HairStyle.Wavy, HairStyle.Wavy, HairStyle.Fringe,
                HairStyle.Bun, HairStyle.Curly, HairStyle.Afro, HairStyle.SidePart);
        var head = random.Around(51, 7);
        var nose = random.Around(15.5f, 8.5f);
        var moles = new Mole[random.Chance(0.5f) ? random.Below(4) : 0];
        for (var i = 0; i < moles.Length; i++) moles[i] = new(random.Between(-34, 34), random.Between(-40, 52), random.Between(1, 1.9f));
        return new SyntheticIdentity
        {
            HeadWidth = head,
            CheekWidth = head + random.Around(-2.5f + m, 6),
            JawWidth = head * (0.70f + 0.07f * m) + random.Around(0, 9),
            JawHeight = random.Around(41, 8),
            ChinWidth = random.Around(13 + 3 * m, 9),
            ChinHeight = random.Around(66 + 3 * m, 11),
            Top = -random.Around(76, 8),
            Hairline = -random.Around(50 + 2 * m * age, 10),
            Skin = skin,
            Blush = random.Between(0, 1),
            Age = age,
            Freckles = !dark && random.Chance(0.22f) ? 30 + (int)random.Below(60) : 0,
            Moles = moles,
            EyeSpacing = random.Around(23, 5),
            EyeHeight = -14 + random.Around(0, 4),
            EyeWidth = random.Around(10.2f, 3),
            EyeOpening = random.Around(4.9f, 2),
            EyeTilt = random.Around(0.06f, 0.3f),
            Lid = random.Between(0, 1),
            IrisSize = random.Around(4.9f, 0.8f),
            Iris = dark || random.Chance(0.35f)
                ? Colours.Of(random.Pick(0x3B2416u, 0x4E3019u, 0x2E1A10u, 0x6B4423u))
                : Colours.Of(random.Pick(0x4F7CA8u, 0x5F8F6Bu, 0x7A8B96u, 0x8A6A35u, 0x3D6FA5u, 0x6E7F4Au)),
            Lashes = random.Between(0, 1) * (1 - 0.7f * m),
            BrowThickness = random.Around(2.6f + 1.2f * m, 2.1f),
            BrowArch = random.Around(3 - 1.2f * m, 4),
            BrowGap = random.Around(13.5f - 1.5f * m, 5),
            BrowLength = random.Around(13.5f, 4),
            BrowTilt = random.Around(0, 0.28f),
            Brow = Colours.Mix(hair, Colours.Of(0x2A1C14), random.Between(0.15f, 0.7f)),
            NoseLength = nose,
            NoseWidth = random.Around(9.5f + 1.2f * m + (dark ? 1.5f : 0), 5),
            NoseBridge = random.Around(5, 3),
            NoseTip = random.Around(5.6f, 2.6f),
            NoseDepth = random.Around(17, 7),
            MouthHeight = Math.Max(random.Around(37, 7), nose + 13),
            MouthWidth = random.Around(18, 6),
            UpperLip = random.Around(4 - 0.8f * m, 2.8f),
            LowerLip = random.Around(5.4f - 0.8f * m, 3),
            CupidsBow = random.Between(0, 1),
            Lips = Colours.Mix(skin, Colours.Of(random.Pick(0xA33B44u, 0xB5545Au, 0x8C3A3Au, 0xC0606Au)), random.Between(0.3f,
                0.85f - 0.3f * m)),
            EarSize = random.Around(14, 5),
            EarOut = random.Around(5.5f, 4),
            HairStyle = style,
            Hair = hair,
            HairVolume = random.Around(9, 7),
            HairLength = random.Between(0, 1),
            Parting = random.Around(0, 1),
            FacialHair = male
                ? random.Pick(FacialHair.None, FacialHair.None, FacialHair.None, FacialHair.Stubble, FacialHair.Moustache,
                    FacialHair.Goatee,
                    FacialHair.Beard)
                : FacialHair.None,
        };
    }

    private static (SKColor Skin, bool Dark) DrawSkin(SplitMix random)
    {
        ReadOnlySpan<uint> tones = [0xF3D3BD, 0xEBC0A0, 0xE0AC85, 0xCF9468, 0xB67A4E, 0x92603C, 0x71472C, 0x553422];
        var tone = random.Between(0, tones.Length - 1.001f);
        var skin = Colours.Mix(Colours.Of(tones[(int)tone]), Colours.Of(tones[(int)tone + 1]), tone % 1);
        var undertone = random.Chance(0.5f) ? Colours.Of(0xE89A90) : Colours.Of(0xDDB070);
        return (Colours.Mix(skin, undertone, random.Between(0, 0.16f)), tone > 4);
    }

    private static SKColor DrawHair(SplitMix random, bool dark, float age)
    {
        var hair = dark || random.Chance(0.25f)
            ? Colours.Of(random.Pick(0x17110Fu, 0x221815u, 0x2E2019u))
            : Colours.Of(random.Pick(0x3B281Bu, 0x57391Fu, 0x7A5230u, 0xA67B45u, 0xD0AC6Cu, 0x8C4423u, 0x2A1E18u));
        return age > 0.72f ? Colours.Mix(hair, Colours.Of(0xC9C6C2), random.Between(0, 1)) : hair;
    }
}
