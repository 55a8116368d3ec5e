using System.Reflection;
using ILGPU.Compiler.Ir;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace ILGPU.Compiler.Frontend;

internal static partial class Intrinsics
{
    /// <summary>PTX in C#: operands %0, %1, ... are the arguments in order.</summary>
    private static void RegisterAssembly()
    {
        Register(typeof(CudaAsm), "get_IsSupported", static c => StackValue.Of(Constant.Int(c.Builder.Target.Type == AcceleratorType.Cuda ? 1 : 0)));
        Register(typeof(CudaAsm), nameof(CudaAsm.Emit), EmitAssembly);
        Register(typeof(CudaAsm), nameof(CudaAsm.EmitRef), EmitAssembly);
    }

    private static StackValue? EmitAssembly(IntrinsicCall call)
    {
        if (call[0].Literal is not string template)
            throw new UnsupportedException("the text of CudaAsm.Emit must be a constant");
        ParameterInfo[] parameters = call.Method.GetParameters();
        List<Value> inputs = [];
        List<AsmOperand> operands = [];
        List<(StackValue Target, int Output)> outputs = [];
        for (int i = 1; i < parameters.Length; i++)
        {
            (Type type, bool isInput, bool isOutput, StackValue place) = Classify(call, parameters[i], call[i]);
            int output = isOutput ? outputs.Count : -1;
            AsmOperand operand = new(DeviceLayout.Of(type).Leaves is [var leaf] ? leaf.Mem : throw new UnsupportedException($"a {IlMethod.TypeName(type)} cannot be an operand of CudaAsm"),
                isInput ? inputs.Count : -1, output);
            if (isInput)
                inputs.Add(place.IsReference ? call.Builder.Load(place, type).Scalar : place.Scalar);
            if (isOutput)
                outputs.Add((place with { Type = type }, output));
            operands.Add(operand);
        }
        Value result = call.Builder.Emit(new Instruction(Op.Asm, IrType.Tuple, [.. inputs])
        {
            Aux = new AsmText(template, [.. operands]),
            Count = outputs.Count,
        });
        foreach ((StackValue target, int index) in outputs)
        {
            IrType register = DeviceLayout.Of(target.Type).Leaves[0].Mem.Register();
            call.Builder.Store(target, StackValue.Of(call.Builder.Emit(new Instruction(Op.Extract, register, result) { Offset = index })));
        }
        return null;
    }

    private static (Type Type, bool Input, bool Output, StackValue Place) Classify(IntrinsicCall call, ParameterInfo parameter, StackValue argument)
    {
        if (!parameter.ParameterType.IsByRef)
            return (parameter.ParameterType, true, false, argument);
        Type type = parameter.ParameterType.GetElementType()!;
        if (call.Method.Name == nameof(CudaAsm.Emit))
            return (type, false, true, argument);
        Type wrapper = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        bool input = wrapper == typeof(Input<>) || wrapper == typeof(Ref<>), output = wrapper == typeof(Output<>) || wrapper == typeof(Ref<>);
        return (type.GetGenericArguments()[0], input, output, argument);
    }
}
