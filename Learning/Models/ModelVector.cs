using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// A model as one flat vector: all parameters of a module live in one contiguous tensor, and their gradients in a second one,
/// so that optimizer, EMA, norms and aggregation are a few large vector operations. The module's parameters become views.
/// </summary>
/// <remarks>Moving the module to another device or dtype afterwards would detach the views: do it before <see cref="Adopt(nn.Module)"/>.</remarks>
public sealed class ModelVector : IDisposable
{
    private readonly List<Parameter> _parameters;
    private readonly List<Tensor> _views;

    private ModelVector(Tensor values, Tensor gradients, IReadOnlyList<Segment> segments, List<Parameter> parameters, List<Tensor> views)
    {
        Values = values;
        Gradients = gradients;
        Segments = segments;
        _parameters = parameters;
        _views = views;
    }

    /// <summary>All parameters, (P).</summary>
    public Tensor Values { get; }

    /// <summary>All gradients, (P); autograd adds into it.</summary>
    public Tensor Gradients { get; }

    /// <summary>Which parameter lies where, in order of offset, without gaps.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Number of elements P.</summary>
    public long Length => Values.shape[0];

    /// <summary>
    /// Moves the parameters of <paramref name="module"/> into one vector. A parameter that occurs under several names (tied) gets one
    /// segment; a frozen one (requires no gradient) is a segment whose gradient stays zero.
    /// </summary>
    /// <exception cref="ArgumentException">A parameter is not finite, or the parameters differ in dtype.</exception>
    public static ModelVector Adopt(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return Adopt(module.named_parameters());
    }

    /// <summary>Moves named parameters that belong to no module into one vector.</summary>
    /// <inheritdoc cref="Adopt(nn.Module)"/>
    public static ModelVector Adopt(IEnumerable<(string name, Parameter parameter)> named)
    {
        ArgumentNullException.ThrowIfNull(named);
        using IDisposable noGrad = no_grad();
        var segments = new List<Segment>();
        var parameters = new List<Parameter>();
        long offset = 0;
        foreach (IGrouping<IntPtr, (string name, Parameter parameter)> tied in named.GroupBy(p => p.parameter.Handle))
        {
            (string name, Parameter parameter) = tied.First();
            using Tensor finite = isfinite(parameter);
            using Tensor all = finite.all();
            if (!all.item<bool>())
            {
                throw new ArgumentException($"Parameter '{name}' holds values that are not finite.", nameof(named));
            }

            segments.Add(new Segment(name, parameter.shape, offset, RoleOf(name), [.. tied.Skip(1).Select(t => t.name)]));
            parameters.Add(parameter);
            offset += parameter.numel();
        }

        Parameter first = parameters[0];
        if (parameters.Any(p => p.dtype != first.dtype))
        {
            throw new ArgumentException("All parameters must have one dtype.", nameof(named));
        }

        Tensor values = empty(offset, first.dtype, first.device).DetachFromDisposeScope();
        Tensor gradients = zeros(offset, first.dtype, first.device).DetachFromDisposeScope();
        var views = new List<Tensor>();
        for (int i = 0; i < parameters.Count; i++)
        {
            Segment segment = segments[i];
            using Tensor part = values.narrow(0, segment.Offset, segment.Length);
            using Tensor view = part.view(segment.Shape);
            view.copy_(parameters[i]);
            parameters[i].set_(view);
            if (parameters[i].requires_grad)
            {
                using Tensor gradient = gradients.narrow(0, segment.Offset, segment.Length);
                views.Add(gradient.view(segment.Shape).DetachFromDisposeScope());
                parameters[i].grad = views[^1];
            }
        }

        var vector = new ModelVector(values, gradients, segments, parameters, views);
        vector.AssertShared();
        return vector;
    }

    /// <summary>Throws if a parameter no longer lies in the vector, e.g. because the module was moved to another device.</summary>
    /// <exception cref="InvalidOperationException">A parameter is detached.</exception>
    public void AssertShared()
    {
        using IDisposable noGrad = no_grad();
        for (int i = 0; i < _parameters.Count; i++)
        {
            if (_parameters[i].IsInvalid)
            {
                throw Detached(i);
            }

            // Storage pointers cannot be read for every dtype: change an element in the vector and look for it in the view.
            using Tensor element = Values.narrow(0, Segments[i].Offset, 1);
            using Tensor before = element.clone();
            using Tensor marker = before.add(Scalars.One, Scalars.One);
            element.copy_(marker);
            using Tensor flat = _parameters[i].flatten();
            using Tensor seen = flat.narrow(0, 0, 1);
            using Tensor same = seen.eq(marker);
            bool shared = same.item<bool>();
            element.copy_(before);
            if (!shared)
            {
                throw Detached(i);
            }
        }
    }

    /// <summary>1 where weight decay applies, 0 elsewhere, (P).</summary>
    public Tensor DecayMask()
    {
        Tensor mask = zeros(Length, Values.dtype, Values.device);
        foreach (Segment segment in Segments.Where(s => s.Decay))
        {
            using Tensor part = mask.narrow(0, segment.Offset, segment.Length);
            part.fill_(Scalars.One);
        }

        return mask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor view in _views)
        {
            view.Dispose();
        }

        Values.Dispose();
        Gradients.Dispose();
    }

    private InvalidOperationException Detached(int i) => new($"Parameter '{Segments[i].Name}' no longer shares the model vector's storage.");

    private static SegmentRole RoleOf(string name)
    {
        if (name.Contains("norm", StringComparison.Ordinal))
        {
            return SegmentRole.Norm;
        }

        return name.EndsWith("bias", StringComparison.Ordinal) ? SegmentRole.Bias : SegmentRole.Weight;
    }
}
