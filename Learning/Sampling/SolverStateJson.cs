using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

using OrleansDDM.Learning.Diffusion;

namespace OrleansDDM.Learning.Sampling;

/// <summary>
/// Solver states as JSON, bit for bit: values are the base64 of their little-endian bytes, lambda may be infinite. The element type is
/// part of the text.
/// </summary>
public static class SolverStateJson
{
    /// <summary>The state as UTF-8 JSON.</summary>
    public static byte[] Write<T>(SolverState<T> state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        return JsonSerializer.SerializeToUtf8Bytes(
            new Stored(
                typeof(T).Name,
                state.Scheduler,
                state.Index,
                state.Stage,
                Pack(state.X),
                [.. state.History.Select(m => new StoredMemory(Pack(m.X0), m.Lambda))],
                [.. state.Grid.Select(l => new[] { l.Time, l.Alpha, l.Sigma })],
                state.Seed,
                [.. state.SampleIds]),
            SolverStateJsonContext.Default.Stored);
    }

    /// <summary>Reads a state.</summary>
    /// <exception cref="InvalidDataException">Not JSON of a solver state, of another element type, or of sizes that do not fit.</exception>
    public static SolverState<T> Read<T>(ReadOnlySpan<byte> json)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        try
        {
            Stored stored = JsonSerializer.Deserialize(json, SolverStateJsonContext.Default.Stored) ?? throw new JsonException("It is null.");
            if (stored.Type != typeof(T).Name)
            {
                throw new InvalidDataException($"The stored solver state has elements of type {stored.Type}, not {typeof(T).Name}.");
            }

            State<T> x = Unpack<T>(stored.X);
            if (stored.Grid.Length < 2 || stored.Index < 0 || stored.Index >= stored.Grid.Length
                || stored.Stage is < 0 or > 1 || stored.SampleIds.Length != x.Batch)
            {
                throw new ArgumentException("its step, grid and sample ids do not fit each other.");
            }

            return new SolverState<T>(
                stored.Scheduler,
                stored.Index,
                stored.Stage,
                x,
                [.. stored.History.Select(m => new SolverMemory<T>(Unpack<T>(m.X0), m.Lambda))],
                [.. stored.Grid.Select(l => new Level(l[0], l[1], l[2]))],
                stored.Seed,
                stored.SampleIds);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or IndexOutOfRangeException or NotSupportedException)
        {
            throw new InvalidDataException($"The stored solver state cannot be read: {e.Message}", e);
        }
    }

    private static StoredArray[] Pack<T>(State<T> state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. state.Arrays.Select(a => new StoredArray(a.Name, a.Shape, MemoryMarshal.AsBytes<T>(a.Values).ToArray()))];

    private static State<T> Unpack<T>(StoredArray[] arrays)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new([.. arrays.Select(a => new StateArray<T>(a.Name, a.Shape, MemoryMarshal.Cast<byte, T>(a.Values).ToArray()))]);

    internal sealed record Stored(
        string Type, string Scheduler, int Index, int Stage, StoredArray[] X, StoredMemory[] History, double[][] Grid, ulong Seed, ulong[] SampleIds);

    internal sealed record StoredMemory(StoredArray[] X0, double Lambda);

    internal sealed record StoredArray(string Name, int[] Shape, byte[] Values);
}

/// <summary>How solver states are written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SolverStateJson.Stored))]
internal sealed partial class SolverStateJsonContext : JsonSerializerContext;
