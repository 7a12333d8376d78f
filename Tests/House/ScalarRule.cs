using System.Reflection;
using System.Reflection.Emit;

using TorchSharp;

namespace OrleansDDM.Tests.House;

/// <summary>
/// Finds the calls that leave a <see cref="Scalar"/> to the collector while a native call may still read it: conversions of numbers
/// whose result is not kept, and TorchSharp members that make such conversions themselves, however deep. Virtual calls are followed
/// to the named method only, so what TorchSharp's modules and optimizers do in their overrides is not seen.
/// </summary>
internal sealed class ScalarRule
{
    private readonly Dictionary<(Module, int), MethodBase?> _hidden = [];

    /// <summary>The faults of some methods, as <c>Type.Method calls X</c>.</summary>
    public IEnumerable<string> Faults(IEnumerable<MethodBase> methods) =>
        from method in methods
        from fault in Faults(method)
        select $"{method.DeclaringType!.FullName}.{method.Name} calls {fault}";

    private static bool Creates(MethodBase? called) =>
        called is MethodInfo method && method.ReturnType == typeof(Scalar) && method.Module == typeof(torch).Module;

    /// <summary>Kept: by a static field for ever, by a local until it is disposed.</summary>
    private static bool IsKept(List<Instruction> body, int at)
    {
        Instruction next = body[at + 1];
        return next.Code == OpCodes.Stsfld
            || (next.Code.Name!.StartsWith("stloc", StringComparison.Ordinal) && body.Zip(body.Skip(1)).Any(pair =>
                pair.First.Local == next.Local && pair.Second.Method?.Name == nameof(IDisposable.Dispose)));
    }

    private static string Describe(MethodBase method) =>
        $"{method.DeclaringType!.FullName}.{method.Name}({string.Join(", ", method.GetParameters().Select(p => p.ParameterType.Name))})";

    private IEnumerable<string> Faults(MethodBase method)
    {
        List<Instruction> body = CallScan.Read(method);
        for (int at = 0; at < body.Count; at++)
        {
            MethodBase? called = body[at].Method;
            if (Creates(called))
            {
                if (!IsKept(body, at))
                {
                    yield return Describe(called!);
                }
            }
            else if (called is not null && Hidden(called) is { } within)
            {
                yield return Describe(called) + (CallScan.Identity(within) == CallScan.Identity(called) ? string.Empty : " and so " + Describe(within));
            }
        }
    }

    /// <summary>The TorchSharp member, the called one or one that it calls, that makes a scalar and does not keep it; null if there is none.</summary>
    private MethodBase? Hidden(MethodBase called)
    {
        if (called.Module != typeof(torch).Module || called.DeclaringType == typeof(Scalar))
        {
            return null;
        }

        if (_hidden.TryGetValue(CallScan.Identity(called), out MethodBase? known))
        {
            return known;
        }

        // Breadth first, so that a cycle of calls cannot leave a wrong answer behind for one of its members.
        var seen = new HashSet<(Module, int)> { CallScan.Identity(called) };
        var waiting = new Queue<MethodBase>([called]);
        MethodBase? found = null;
        while (found is null && waiting.TryDequeue(out MethodBase? method))
        {
            List<Instruction> body = CallScan.Read(method);
            for (int at = 0; at < body.Count && found is null; at++)
            {
                if (body[at].Method is not { } inner)
                {
                    continue;
                }

                if (Creates(inner))
                {
                    found = IsKept(body, at) ? null : method;
                }
                else if (inner.Module == called.Module && inner.DeclaringType != typeof(Scalar) && seen.Add(CallScan.Identity(inner)))
                {
                    waiting.Enqueue(inner);
                }
            }
        }

        return _hidden[CallScan.Identity(called)] = found;
    }
}
