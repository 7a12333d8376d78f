using System.Reflection;
using System.Reflection.Emit;

namespace OrleansDDM.Tests.House;

/// <summary>One instruction of a method body, with the method or the local (else -1) that it names.</summary>
internal readonly record struct Instruction(OpCode Code, MethodBase? Method, int Local);

/// <summary>Reads the instructions of compiled methods.</summary>
internal static class CallScan
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => (int)(ushort)c.Value);

    /// <summary>Every method and constructor of a type, and of the types in it that hold lambdas, iterators and async methods.</summary>
    public static IEnumerable<MethodBase> Methods(Type type) =>
        type.GetMembers(Declared).OfType<MethodBase>().Concat(type.GetNestedTypes(Declared).SelectMany(Methods));

    /// <summary>Every method and constructor of an assembly.</summary>
    public static IEnumerable<MethodBase> Methods(Assembly assembly) => assembly.GetTypes().Where(t => !t.IsNested).SelectMany(Methods);

    /// <summary>The instructions of a method, nops left out; none where it has no body.</summary>
    public static List<Instruction> Read(MethodBase method)
    {
        var found = new List<Instruction>();
        byte[] body = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[]? ofType = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; at < body.Length;)
        {
            int value = body[at++];
            OpCode code = Codes[value == 0xFE ? 0xFE00 | body[at++] : value];
            MethodBase? named = code.OperandType == OperandType.InlineMethod
                ? method.Module.ResolveMethod(BitConverter.ToInt32(body, at), ofType, ofMethod)
                : null;
            if (code != OpCodes.Nop)
            {
                found.Add(new(code, named, Local(code, body, at)));
            }

            at += Size(code, body, at);
        }

        return found;
    }

    /// <summary>The same for every instance of a generic method or of a method of a generic type.</summary>
    public static (Module Module, int Token) Identity(MethodBase method) => (method.Module, method.MetadataToken);

    private static int Local(OpCode code, byte[] body, int at)
    {
        string name = code.Name!;
        return !name.StartsWith("stloc", StringComparison.Ordinal) && !name.StartsWith("ldloc", StringComparison.Ordinal) ? -1
            : code.OperandType switch
            {
                OperandType.InlineVar => BitConverter.ToUInt16(body, at),
                OperandType.ShortInlineVar => body[at],
                _ => name[^1] - '0',
            };
    }

    private static int Size(OpCode code, byte[] body, int at) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(body, at)),
        _ => 4,
    };
}
