; The page that asks for the trading project: traymon takes its settings from the project's .env.

Var EnvField

Function AskForProject
  ${If} $IsUpgrade == 1
  ${AndIfNot} ${SectionIsSelected} ${SEC_LOGIN}
    Abort  ; what starts traymon is there already, with its options
  ${EndIf}
  !insertmacro MUI_HEADER_TEXT "Your trading project" "Where traymon finds its settings"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateLabel} 0 0 100% 40u "If your trading project keeps the host and port of TWS / IB Gateway in a .env file, choose it. traymon then watches the same API, started from the Start menu or at login. Without one, it looks for TWS and IB Gateway on this computer at their usual ports."
  Pop $0
  ${NSD_CreateLabel} 0 48u 100% 10u "The &project's .env file (may be left empty):"
  Pop $0
  ${NSD_CreateFileRequest} 0 60u 78% 13u "$Env"
  Pop $EnvField
  ${NSD_CreateBrowseButton} 80% 59u 20% 15u "&Browse..."
  Pop $0
  ${NSD_OnClick} $0 BrowseForProject
  nsDialogs::Show
FunctionEnd

Function BrowseForProject
  Pop $0  ; the button
  ${NSD_GetText} $EnvField $1
  nsDialogs::SelectFileDialog open "$1" "Settings of a project (.env)|*.env;.env*|All files|*.*"
  Pop $1
  ${If} $1 != ""
    ${NSD_SetText} $EnvField $1
  ${EndIf}
FunctionEnd

Function TakeProject
  ${NSD_GetText} $EnvField $Env
  ${If} $Env == ""
    Return
  ${EndIf}
  GetFullPathName $0 "$Env"
  ${IfNot} ${FileExists} "$0"
  ${OrIf} ${FileExists} "$0\*.*"
    MessageBox MB_OK|MB_ICONEXCLAMATION "There is no such file: $Env"
    Abort  ; the page stays
  ${EndIf}
  StrCpy $Env $0
FunctionEnd
