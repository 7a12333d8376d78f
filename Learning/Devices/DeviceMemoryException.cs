namespace OrleansDDM.Learning.Devices;

/// <summary>A device had not enough free memory for a model.</summary>
public sealed class DeviceMemoryException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether libtorch failed for want of memory.</summary>
    /// <param name="exception">What it has thrown.</param>
    public static bool IsCause(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);

        // libtorch's message of both allocators: "CUDA out of memory. Tried to allocate", "DefaultCPUAllocator: can't allocate memory".
        return exception is System.Runtime.InteropServices.ExternalException
            && (exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
                || exception.Message.Contains("can't allocate memory", StringComparison.Ordinal));
    }
}
