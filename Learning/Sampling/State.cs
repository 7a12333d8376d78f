using System.Numerics;

namespace OrleansDDM.Learning.Sampling;

/// <summary>One named array of a <see cref="State{T}"/>, batch first. Values are not changed after construction.</summary>
/// <param name="Name">Name, e.g. <c>x</c>.</param>
/// <param name="Shape">Sizes, batch first, e.g. (B, C, H, W).</param>
/// <param name="Values">Row-major values.</param>
public sealed record StateArray<T>(string Name, int[] Shape, T[] Values)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>
/// What is being sampled: a small named set of arrays, batch first. The core knows neither image shapes nor what the arrays
/// mean. Immutable by convention: operations return new states.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class State<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Creates a state.</summary>
    /// <exception cref="ArgumentException">No array, a name twice, batch sizes that differ, or a shape that does not match its values.</exception>
    public State(params IReadOnlyList<StateArray<T>> arrays)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        if (arrays.Count == 0)
        {
            throw new ArgumentException("A state needs at least one array.", nameof(arrays));
        }

        Arrays = arrays;
        Batch = arrays[0].Shape.Length == 0 ? 0 : arrays[0].Shape[0];
        var names = new HashSet<string>();
        foreach (StateArray<T> array in arrays)
        {
            if (!names.Add(array.Name))
            {
                throw new ArgumentException($"Array '{array.Name}' occurs twice.", nameof(arrays));
            }

            long size = array.Shape.Aggregate(1L, (product, dimension) => product * dimension);
            if (array.Shape.Length == 0 || array.Shape[0] != Batch || size != array.Values.Length)
            {
                throw new ArgumentException(
                    $"Array '{array.Name}' of shape ({string.Join(", ", array.Shape)}) needs a batch of {Batch} and {size} values, not {array.Values.Length}.",
                    nameof(arrays));
            }
        }
    }

    /// <summary>The arrays, in a fixed order.</summary>
    public IReadOnlyList<StateArray<T>> Arrays { get; }

    /// <summary>Number of samples.</summary>
    public int Batch { get; }

    /// <summary>The array called <paramref name="name"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public StateArray<T> this[string name] =>
        Arrays.FirstOrDefault(a => a.Name == name) ?? throw new KeyNotFoundException($"The state has no array '{name}'.");

    /// <summary>A state of one array called <c>x</c>.</summary>
    public static State<T> Of(int[] shape, T[] values) => new(new StateArray<T>("x", shape, values));

    /// <summary>The samples <paramref name="rows"/>, in that order.</summary>
    public State<T> Select(IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return Map(array =>
        {
            int width = array.Values.Length / Math.Max(Batch, 1);
            var values = new T[rows.Count * width];
            for (int i = 0; i < rows.Count; i++)
            {
                Array.Copy(array.Values, rows[i] * width, values, i * width, width);
            }

            int[] shape = [rows.Count, .. array.Shape.AsSpan(1)];
            return array with { Shape = shape, Values = values };
        });
    }

    /// <summary>A new state, array by array.</summary>
    public State<T> Map(Func<StateArray<T>, StateArray<T>> map) => new([.. Arrays.Select(map)]);
}
