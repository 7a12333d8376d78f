using System.Buffers.Binary;
using System.Security.Cryptography;

using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Client.Chaos;

/// <summary>Hashes of trained values alone: the files also carry their run's hash, so those of two runs differ though every bit of the weights agrees.</summary>
internal static class WeightHash
{
    /// <summary>Hash of the weights of every model of a run, by role, read from the silos' folders.</summary>
    /// <exception cref="FileNotFoundException">No silo has the weights of a model.</exception>
    public static IReadOnlyDictionary<string, string> Of(RunStatus run, string folder) => run.Models.ToDictionary(
        m => m.Role,
        m => Of(Directory.EnumerateFiles(folder, m.Weights!.Sha256, new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).FirstOrDefault()
            ?? throw new FileNotFoundException($"No silo holds the weights of {m.Role}, {m.Weights.Sha256}.")));

    /// <summary>Hash of the tensors of a safetensors file: of what follows its header, whose length its first eight bytes are.</summary>
    internal static string Of(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int header = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        return Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(8 + header)));
    }
}
