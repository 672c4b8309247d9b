using System;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Copies an ELF64 shared library and marks one version need in it as weak.</summary>
public class MasqueradeWeakenVersionNeed : Task
{
    private const int SectionVersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort WeakFlag = 0x2;                // VER_FLG_WEAK

    [Required] public string Source { get; set; }
    [Required] public string Destination { get; set; }
    [Required] public string VersionName { get; set; }
    [Required] public string HashBefore { get; set; }
    [Required] public string HashAfter { get; set; }
    [Output] public bool Patched { get; set; }

    public override bool Execute()
    {
        if (File.Exists(Destination) && Hash(File.ReadAllBytes(Destination)) == HashAfter)
        {
            Patched = true;
            return true;
        }

        byte[] file = File.ReadAllBytes(Source);
        int flags = FindFlags(file);
        if (flags < 0)
        {
            Log.LogMessage(MessageImportance.Low, "{0} does not need {1}: left as it is.", Source, VersionName);
            return true;
        }

        string before = Hash(file);
        if (before != HashBefore)
        {
            Log.LogWarning(
                "{0} is not the file this fix was made for (SHA-256 {1}): left as it is. It may not load where libstdc++ lacks {2}.",
                Source, before, VersionName);
            return true;
        }

        file[flags] |= (byte)WeakFlag;
        string after = Hash(file);
        if (after != HashAfter)
        {
            Log.LogError("{0}: the fixed copy has SHA-256 {1}, expected {2}.", Source, after, HashAfter);
            return false;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        string temporary = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, file);
        File.Delete(Destination);
        File.Move(temporary, Destination);
        Patched = true;
        return true;
    }

    /// <summary>The offset of vna_flags of the wanted version, or -1.</summary>
    private int FindFlags(byte[] f)
    {
        if (f.Length < 64 || f[0] != 0x7f || f[1] != 'E' || f[2] != 'L' || f[3] != 'F' || f[4] != 2 || f[5] != 1) return -1;
        uint wanted = ElfHash(VersionName);
        long sections = BitConverter.ToInt64(f, 0x28);
        int size = BitConverter.ToUInt16(f, 0x3a), count = BitConverter.ToUInt16(f, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int header = checked((int)(sections + (long)i * size));
            if (BitConverter.ToUInt32(f, header + 4) != SectionVersionNeeds) continue;
            int need = checked((int)BitConverter.ToInt64(f, header + 0x18));
            while (true)
            {
                int entries = BitConverter.ToUInt16(f, need + 2);
                int entry = need + BitConverter.ToInt32(f, need + 8);
                for (int k = 0; k < entries; k++)
                {
                    if (BitConverter.ToUInt32(f, entry) == wanted) return entry + 4;
                    entry += BitConverter.ToInt32(f, entry + 12);
                }
                int next = BitConverter.ToInt32(f, need + 12);
                if (next == 0) break;
                need += next;
            }
        }
        return -1;
    }

    private static uint ElfHash(string name)
    {
        uint h = 0;
        foreach (char c in name)
        {
            h = (h << 4) + c;
            uint g = h & 0xf0000000;
            if (g != 0) h ^= g >> 24;
            h &= ~g;
        }
        return h;
    }

    private static string Hash(byte[] bytes)
    {
        using (SHA256 sha = SHA256.Create())
        {
            StringBuilder text = new StringBuilder();
            foreach (byte b in sha.ComputeHash(bytes)) text.Append(b.ToString("x2"));
            return text.ToString();
        }
    }
}
