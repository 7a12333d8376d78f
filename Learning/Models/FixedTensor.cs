using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Models;

/// <summary>
/// A table that is no parameter, float32, with a copy on whichever device the network works. No buffer of the module: a module in bfloat16 would round it.
/// Used on one thread, as its network.
/// </summary>
/// <param name="values">The table, on the CPU; owned from here on.</param>
internal sealed class FixedTensor(Tensor values) : IDisposable
{
    private readonly Tensor _values = values.DetachFromDisposeScope();
    private Tensor? _copy;

    /// <summary>The table on the CPU.</summary>
    public Tensor Values => _values;

    /// <summary>The table on a device; not to be changed or disposed.</summary>
    public Tensor On(Device device)
    {
        if (device.type == DeviceType.CPU)
        {
            return _values;
        }

        if (_copy is null || _copy.device_type != device.type || _copy.device_index != device.index)
        {
            _copy?.Dispose();
            _copy = _values.to(device).DetachFromDisposeScope();
        }

        return _copy;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose();
        _copy?.Dispose();
    }
}
